import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { blockyPlugin } from "./helpers/blocky-plugin.ts";
import { testPlugin } from "./helpers/conformance.ts";
import { codeBlocks, project } from "./helpers/examples.ts";
import { run } from "./helpers/run.ts";

const bin = (name: string): string => join(packageRoot(), "bin", name);

/** Returns the code block of the README that contains `mark`. */
function readmeCode(mark: string): string {
  return codeBlocks("README.md", "ts").find((code) => code.includes(mark))!;
}

it("the README's plugin serves the client of this package", async () => {
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

it("the package exports everything that the README's program imports", async () => {
  const own = (name: string) => import(pathToFileURL(join(packageRoot(), `dist/${name}.js`)).href);
  expect(Object.keys(await own("index"))).toEqual(
    expect.arrayContaining(["connect", "NbdError", "run", "serve", "spawn"]),
  );
  expect(Object.keys(await own("plugin"))).toEqual(
    expect.arrayContaining(["blockParts", "definePlugin", "NbdError", "RangeGate", "size", "sleep"]),
  );
  const building = ["RangeGate", "PerExport", "blockParts", "clipExtents", "forEachPiece", "requestUnitOf"];
  expect(Object.keys(await own("filter"))).toEqual(
    expect.arrayContaining([
      "defineFilter",
      "intercept",
      "applyChanges",
      "sleep",
      "windowOn",
      "NbdError",
      ...building,
    ]),
  );
  expect(Object.keys(await own("testing"))).toEqual(["conformanceChecks"]);
});

it("the filter of docs/writing-filters.md runs from a file and from a package", async () => {
  using folder = project();
  const [code] = codeBlocks("docs/writing-filters.md", "js");
  const installed = folder.join("node_modules/nbdkit-slowly-filter");
  mkdirSync(installed);
  writeFileSync(folder.join("slowly.mjs"), code!);
  writeFileSync(join(installed, "index.js"), code!);
  writeFileSync(join(installed, "package.json"), '{ "type": "module", "main": "index.js" }');
  for (const filter of ["./slowly.mjs", "slowly"]) {
    const args = ["-v", `--filter=${filter}`, "memory", "4k", "pause=1ms"];
    const command = ["--run", `"${bin("nbd")}" copy "$uri" null:`];
    const { status, stderr } = await run(bin("nbdkit"), [...args, ...command], { cwd: folder.path });
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/[1-9]\d* requests$/m);
  }
});

describe("the data-changing filter of docs/writing-filters.md", () => {
  const folder = project();
  const [, filter, tests] = codeBlocks("docs/writing-filters.md", "js");
  const path = folder.file("backwards.mjs", filter!);

  it("passes its tests", async () => {
    folder.file("test.mjs", tests!);
    const { status, stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", "test.mjs"], {
      cwd: folder.path,
    });
    expect(status, stdout).toBe(0);
    expect(stdout).toMatch(/^# pass [3-9]\d$/m);
  });

  it("returns through nbd copy the data that nbd copy wrote", async () => {
    const args = [`--filter=${path}`, "memory", "8k", "--run"];
    const copies = `printf abc | "${bin("nbd")}" copy - "$uri" && "${bin("nbd")}" copy "$uri" - | head -c 3`;
    const { status, stdout, stderr } = await run(bin("nbdkit"), [...args, copies]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "abc", stderr: "" });
  });

  testPlugin("it over a disk in blocks", {
    plugin: blockyPlugin(300_001, { minimum: 512, maximum: 8192 }, true),
    filters: [path],
    connections: 3,
    runs: 10,
  });
  testPlugin("it in a stack", {
    plugin: "memory",
    filters: ["cache", path, "cow"],
    parameters: { size: "300K" },
    runs: 5,
  });
});
