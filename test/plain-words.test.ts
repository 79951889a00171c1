import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";

/** Words that hide the actor of a sentence: name the client, the server, the plugin, the kernel, the user instead. */
const hidden = new RegExp(
  `\\b(${["who" + "ever", "some" + "body", "no" + "body", "those" + " who", "who" + " does", "who" + "m"].join("|")})\\b`,
  "gi",
);

/** The name of the user without rights, as it stands in commands and examples. */
const userName = /(-u |--user[= ]|user |"|`|'|=|, )no(?=body)body\b/g;

const folders = ["src", "native", "test", "bench", "scripts", "docs", "packaging", "templates"];
const files = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ".ci/run",
  "bin/nbdkit",
  "bin/nbd",
  "binding.gyp",
];

it.each([...folders.flatMap(filesOf), ...files])("the actors in %s have names", (path) => {
  const text = readFileSync(join(packageRoot(), path), "utf8").replace(userName, "");
  const lines = text
    .split("\n")
    .flatMap((line, index) => (hidden.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
  expect(lines).toEqual([]);
});

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|js|mjs|cc|h|c|py|sh|md)$/.test(name))
    .map((name) => `${folder}/${name}`);
}
