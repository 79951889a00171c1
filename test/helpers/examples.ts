import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { transform } from "esbuild";
import { expect } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "./folder.ts";
import { nbdkit } from "./run.ts";
import type { Sandbox } from "./sandbox.ts";

/** Creates a folder in which this package is installed. */
export function project(): Folder {
  const folder = new Folder();
  mkdirSync(folder.join("node_modules"));
  symlinkSync(packageRoot(), folder.join("node_modules/nbdkit-node"));
  return folder;
}

/** Returns the code blocks of a page, by the word after the fence. */
export function codeBlocks(page: string, language: string): readonly string[] {
  const text = readFileSync(join(packageRoot(), page), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, code]) => code!);
}

/** Compiles TypeScript to a program for the oldest supported Node, and returns its path. */
export async function program(folder: Folder, name: string, code: string): Promise<string> {
  const path = folder.join(`${name}.mjs`);
  writeFileSync(path, (await transform(code, { loader: "ts", format: "esm", target: "node20" })).code);
  return path;
}

/** Runs before each block of shell: finds the commands of this package, and stops at the first failure. */
const prelude = `
PATH=${dirname(nbdkit)}:$PATH
set -e
`;

/** Runs a block of shell. It must print the output of its "# prints" lines, and leave no files behind. */
export async function runShellExample(sandbox: Sandbox, script: string): Promise<void> {
  const promised = [...script.matchAll(/^# prints (.*)$/gm)].map(([, line]) => line);
  const { status, stdout, stderr } = await sandbox.sh(`${prelude}${script}`);
  expect(status, stderr).toBe(0);
  expect(stdout.split("\n").map(trimmed).filter(Boolean)).toEqual(promised);
  await sandbox.empty();
}

function trimmed(line: string): string {
  return line.trim().replace(/\s+/g, " ");
}
