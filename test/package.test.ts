import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { run } from "./helpers/run.ts";
import { Folder } from "./plugins/folder.ts";

const bin = (name: string): string => join(packageRoot(), "bin", name);

/** A folder in which the package is installed. */
function project(): Folder {
  const folder = new Folder();
  mkdirSync(folder.join("node_modules"));
  symlinkSync(packageRoot(), folder.join("node_modules/nbdkit-node"));
  return folder;
}

/** The code of the README that contains `mark`. */
function readmeCode(mark: string): string {
  const readme = readFileSync(join(packageRoot(), "README.md"), "utf8");
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!);
  return blocks.find((code) => code.includes(mark))!;
}

it("serves the README's plugin to our own client", async () => {
  using folder = project();
  writeFileSync(folder.join("zeroes.mjs"), readmeCode("definePlugin"));
  const command = `"${bin("nbd")}" info --size "$uri"`;
  const { status, stdout, stderr } = await run(bin("nbdkit"), [
    folder.join("zeroes.mjs"),
    "size=1G",
    "--run",
    command,
  ]);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "1073741824\n", stderr: "" });
});

it("exports what the README's program imports", async () => {
  const own = (name: string) => import(pathToFileURL(join(packageRoot(), `dist/${name}.js`)).href);
  expect(Object.keys(await own("index"))).toEqual(
    expect.arrayContaining(["connect", "NbdClient", "NbdError"]),
  );
  expect(Object.keys(await own("plugin"))).toEqual(
    expect.arrayContaining(["definePlugin", "defineFilter", "size"]),
  );
  expect(Object.keys(await own("testing"))).toEqual(["conformanceChecks"]);
});
