import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { codeBlocks, project } from "./helpers/examples.ts";
import { run } from "./helpers/run.ts";

const bin = (name: string): string => join(packageRoot(), "bin", name);

/** The code of the README that contains `mark`. */
function readmeCode(mark: string): string {
  return codeBlocks("README.md", "ts").find((code) => code.includes(mark))!;
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
    expect.arrayContaining(["connect", "NbdError", "run", "serve", "spawn"]),
  );
  expect(Object.keys(await own("plugin"))).toEqual(
    expect.arrayContaining(["definePlugin", "defineFilter", "size"]),
  );
  expect(Object.keys(await own("testing"))).toEqual(["conformanceChecks"]);
});
