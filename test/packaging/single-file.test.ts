import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import type * as package_ from "../../src/installation/package.ts";
import type * as singleFile from "../../src/installation/single-file.ts";
import { Folder } from "../helpers/folder.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { bareTools, script, version } from "./made.ts";
import { doesMainJob } from "./main-job.ts";

// The compiler checks that one module can replace the other.
((module: typeof singleFile): typeof package_ => module) satisfies unknown;

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("the single executable", () => {
  const folder = new Folder();
  const tools = bareTools();
  const PATH = `${folder.path}:${tools.path}`;
  beforeAll(async () => {
    await script("single-file.js", folder.join("nbdkit"));
    symlinkSync("nbdkit", folder.join("nbd"));
  });
  afterAll(() => {
    folder[Symbol.dispose]();
    tools[Symbol.dispose]();
  });

  it("does the main job without Node.js", async () => {
    await using sandbox = new Sandbox();
    await doesMainJob(sandbox, PATH);
  });

  it("is nbdkit, or nbd when its file name is nbd", async () => {
    await using sandbox = new Sandbox();
    expect((await sandbox.sh("nbdkit --version; nbd --version", { env: { PATH } })).stdout).toMatch(
      new RegExp(`^nbdkit .* \\(nbdkit-node ${version}\\)\nnbd \\(nbdkit-node\\) ${version}\n$`),
    );
  });

  it("contains all plugins, filters and templates", async () => {
    await using sandbox = new Sandbox();
    const all = `nbdkit --filter=cow --filter=partition pattern 1M partition=1 --dump-plugin >/dev/null &&
      nbdkit --new-plugin nbdkit-mine-plugin >/dev/null && cat nbdkit-mine-plugin/index.js`;
    const { status, stdout, stderr } = await sandbox.sh(all, { env: { PATH } });
    const template = readFileSync(join(packageRoot(), "templates/plugin/index.js"), "utf8");
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: template.replaceAll("PLUGIN_NAME", "mine"),
      stderr: "",
    });
  });

  it.each([
    ["an ES module", "seven.mjs", `import "node:fs"; import "./other.mjs"; export default`],
    ["a CommonJS module", "seven.cjs", `require("node:fs"); require("./other.cjs"); module.exports =`],
  ])("runs a user's plugin as %s", async (_kind, name, before) => {
    await using sandbox = new Sandbox();
    sandbox.file(`other${name.slice(-4)}`, "");
    sandbox.file(
      name,
      `${before} { name: "seven", open: () => ({ size: 7n, read: (into) => void into.fill(7) }) };`,
    );
    sandbox.file("ones", "\x07".repeat(7));
    expect(
      await sandbox.sh(`nbdkit ./${name} --run 'nbd copy "$uri" - | cmp - ones'`, { env: { PATH } }),
    ).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("serves in the background", async () => {
    await using sandbox = new Sandbox();
    const script = `nbdkit -P pid -U socket memory 1M && nbd info --size "nbd+unix://?socket=socket" && kill $(cat pid)`;
    expect(await sandbox.sh(script, { env: { PATH } })).toEqual({
      status: 0,
      stdout: "1048576\n",
      stderr: "",
    });
    await sandbox.empty();
  });

  it("prints how to fix it when the addon cannot be written", async () => {
    await using sandbox = new Sandbox();
    const env = { PATH, TMPDIR: "/proc" };
    const { status, stderr } = await sandbox.sh("nbdkit -U socket -f memory 1M", { env });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^nbdkit: error: cannot load the addon from \/proc: [^\n]*: set TMPDIR to [^\n]*\n$/,
    );
  });

  it("is the same when it is built again", async () => {
    await script("single-file.js", folder.join("again"));
    expect(readFileSync(folder.join("again")).equals(readFileSync(folder.join("nbdkit")))).toBe(true);
  });
});
