import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { codeBlocks } from "../helpers/examples.ts";
import { Sandbox } from "../helpers/sandbox.ts";

const guide = "docs/writing-plugins.md";
const template = (name: string) => join(packageRoot(), "templates/plugin", name);

/** Runs npm offline: this package replaces the one from the registry. */
const npm = `
npm() { command npm --offline --no-audit --no-fund --loglevel=error "$@" >>npm.log 2>&1 || { cat npm.log; return 1; }; }
nbdkit() { "$nbdkit" "$@"; }
PATH=${join(packageRoot(), "bin")}:$PATH
set -e
`;

describe(guide, () => {
  it("leads from an empty folder to a package that works in another folder", async () => {
    await using sandbox = new Sandbox();
    const [make, use, test, pack, install] = codeBlocks(guide, "sh");
    const files = codeBlocks(guide, "js");
    const folder = sandbox.folder.join("nbdkit-stripes-plugin");
    const steps = [make!, use!, test!, pack!, install!];
    const promised = steps.join("").matchAll(/^# prints (.*)$/gm);

    expect(await sandbox.sh(`${npm}${make}`)).toMatchObject({ status: 0, stderr: "" });
    for (const code of files) {
      const [, name] = /^\/\/ (\S+)$/m.exec(code)!;
      writeFileSync(join(folder, name!), code);
    }
    const link = `mkdir -p node_modules && ln -sfn ${packageRoot()} node_modules/nbdkit-node`;
    const printed: string[] = [];
    for (const script of [use!.replace("npm install", link), test!, pack!]) {
      const { status, stdout, stderr } = await sandbox.sh(`${npm}cd nbdkit-stripes-plugin\n${script}`);
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
      printed.push(stdout);
    }
    // The registry, which has the peer dependency, is not reachable.
    const elsewhere = install!
      .replace(/^npm install (.*)$/m, `npm install --legacy-peer-deps $1\n${link}`)
      .replace("cd ..\n", "");
    const outcome = await sandbox.sh(`${npm}${elsewhere}`);
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    printed.push(outcome.stdout);
    const lines = (text: string) => text.split("\n").map((line) => line.trim().replace(/ +/g, " "));
    expect(lines(printed.join("")).filter((line) => line !== "")).toEqual(
      [...promised].map(([, line]) => line!.replace(/ +/g, " ")),
    );
  });

  it("contains the test of the template", () => {
    const shown = codeBlocks(guide, "js").find((code) => code.startsWith("// test.js\n"));
    expect(shown).toBe(`// test.js\n${readFileSync(template("test.js"), "utf8")}`);
  });
});

describe("--new-plugin", () => {
  it("creates a plugin that passes its own tests", async () => {
    await using sandbox = new Sandbox();
    const made = await sandbox.nbdkit(["--new-plugin", "nbdkit-mine-plugin"]);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(sandbox.read("nbdkit-mine-plugin/package.json")!).name).toBe("nbdkit-mine-plugin");
    const link = sandbox.folder.join("nbdkit-mine-plugin/node_modules");
    mkdirSync(link);
    expect(await sandbox.sh(`ln -s ${packageRoot()} ${join(link, "nbdkit-node")}`)).toMatchObject({
      status: 0,
    });
    const tested = await sandbox.sh("cd nbdkit-mine-plugin && node --test --test-reporter=tap test.js");
    expect(tested.status, tested.stdout).toBe(0);
    expect(tested.stdout).toMatch(/^# pass 1\d$/m);
  });

  it.each([
    ["full", "is not empty"],
    ["nbdkit-Ä-plugin", "a plugin cannot be called"],
    ["file/x", "cannot make file/x"],
  ])("refuses %s", async (folder, reason) => {
    await using sandbox = new Sandbox();
    mkdirSync(dirname(sandbox.folder.join("full/x")));
    sandbox.file("full/x", "");
    sandbox.file("file", "");
    const outcome = await sandbox.nbdkit(["--new-plugin", folder]);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^nbdkit: error: --new-plugin: [^\n]*\n$/);
    expect(outcome.stderr).toContain(reason);
  });

  it("does not change the abbreviations of nbdkit's options", async () => {
    await using sandbox = new Sandbox();
    expect(await sandbox.nbdkit(["--new", "null", "--run", ":"])).toMatchObject({ status: 0, stderr: "" });
  });
});
