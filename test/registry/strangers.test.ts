import { chmodSync, chownSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { isPrivileged } from "../helpers/privileges.ts";
import type { Outcome } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";

const sized = (size: number): string =>
  `export default { name: "mine", open: () => ({ size: ${size}n, read: (into) => void into.fill(1) }) };`;

/**
 * Creates a package of a plugin or filter whose disk size identifies it, and returns the folder of the
 * package.
 */
function install(sandbox: Sandbox, folder: string, size = 512, kind = "plugin"): string {
  const path = sandbox.folder.join(`${folder}/nbdkit-mine-${kind}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), '{ "main": "index.mjs" }');
  writeFileSync(join(path, "index.mjs"), sized(size));
  return path;
}

const look = ["--run", 'nbdinfo --size "$uri"'];

/** Runs nbdkit in a folder of the sandbox. */
function inFolder(sandbox: Sandbox, folder: string, ...args: string[]): Promise<Outcome> {
  mkdirSync(sandbox.folder.join(folder), { recursive: true });
  return sandbox.nbdkit([...args, ...look], { cwd: sandbox.folder.join(folder) });
}

/** Makes another user the owner of a file or folder. */
function giveAway(path: string): void {
  chownSync(path, 65_533, 65_533);
}

const served = { status: 0, stdout: "512\n", stderr: "" };

describe("a package in the folders above the working directory", () => {
  it("is found by its short name when this user owns it", async () => {
    await using sandbox = new Sandbox();
    install(sandbox, "node_modules");
    expect(await inFolder(sandbox, "work/deep", "mine")).toEqual(served);
  });

  it.each([
    ["the folder of packages", "node_modules", "other users may write to NODE_MODULES (mode 777)", 0o777],
    [
      "the package",
      "node_modules/nbdkit-mine-plugin",
      "other users may write to NODE_MODULES/nbdkit-mine-plugin (mode 775)",
      0o775,
    ],
    [
      "its module",
      "node_modules/nbdkit-mine-plugin/index.mjs",
      "other users may write to NODE_MODULES/nbdkit-mine-plugin/index.mjs (mode 666)",
      0o666,
    ],
    ["the folder above, even with the sticky bit", ".", "other users may write to SCENE", 0o1777],
  ])("is refused when other users may write to %s", async (_what, path, reason, mode) => {
    await using sandbox = new Sandbox();
    const found = install(sandbox, "node_modules");
    chmodSync(sandbox.folder.join(path), mode);
    const fault = reason.replace("NODE_MODULES", dirname(found)).replace("SCENE", sandbox.folder.path);
    expect(await inFolder(sandbox, "work", "mine")).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `nbdkit: error: cannot open plugin 'mine': ${found} is not loaded by its short name, because ${fault}: ` +
        `install it with npm install -g, or give the path ${found}/index.mjs if you trust it\n`,
    });
    expect(await inFolder(sandbox, "work", `${found}/index.mjs`)).toEqual(served);
  });

  it.each(["node_modules", "node_modules/nbdkit-mine-plugin"])(
    "is refused when %s is a link to a folder that other users may write to",
    async (linked) => {
      await using sandbox = new Sandbox();
      install(sandbox, "real/node_modules");
      mkdirSync(sandbox.folder.join("project/node_modules"), { recursive: true });
      const link = sandbox.folder.join(`project/${linked}`);
      if (linked === "node_modules") await sandbox.sh("rmdir project/node_modules");
      symlinkSync(sandbox.folder.join(`real/${linked}`), link);
      expect(await inFolder(sandbox, "project", "mine")).toEqual(served);
      chmodSync(sandbox.folder.join("real"), 0o777);
      const { status, stderr } = await inFolder(sandbox, "project", "mine");
      expect(status).toBe(1);
      expect(stderr).toContain(`because other users may write to ${sandbox.folder.join("real")} (mode 777)`);
    },
  );

  it("is refused also as a filter", async () => {
    await using sandbox = new Sandbox();
    const found = install(sandbox, "node_modules", 512, "filter");
    chmodSync(dirname(found), 0o777);
    const { status, stderr } = await inFolder(sandbox, "work", "--filter=mine", "null");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining(`cannot open filter 'mine': ${found} is not loaded by its short name`),
    });
  });

  it.skipIf(!isPrivileged).each([
    ["node_modules", "work"],
    ["node_modules/nbdkit-mine-plugin/index.mjs", "work"],
    ["work", "work/node_modules"],
  ])("is refused when %s belongs to another user (a test for root)", async (owned, folder) => {
    await using sandbox = new Sandbox();
    install(sandbox, folder === "work" ? "node_modules" : folder);
    mkdirSync(sandbox.folder.join("work"), { recursive: true });
    giveAway(sandbox.folder.join(owned));
    const { status, stderr } = await inFolder(sandbox, "work", "mine");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining(
        `because ${sandbox.folder.join(owned)} belongs to another user (number 65533): `,
      ),
    });
  });

  it("is found only after a package beside this package", async () => {
    await using sandbox = new Sandbox();
    // The addon is not copied: --dump-plugin does not need it.
    for (const name of ["bin", "dist", "package.json"]) {
      const copy = sandbox.folder.join(`ours/node_modules/nbdkit-node/${name}`);
      cpSync(join(packageRoot(), name), copy, { recursive: true });
    }
    const beside = install(sandbox, "ours/node_modules");
    install(sandbox, "work/node_modules", 1024);
    const asked = await sandbox.sh(
      "cd work && ../ours/node_modules/nbdkit-node/bin/nbdkit mine --dump-plugin",
    );
    expect(asked.stderr).toBe("");
    expect(asked.stdout).toContain(`path=${beside}/index.mjs\n`);
  });

  it("is an error when it has no main file, and folders above are not searched", async () => {
    await using sandbox = new Sandbox();
    install(sandbox, "node_modules", 1024);
    const found = sandbox.folder.join("work/node_modules/nbdkit-mine-plugin");
    mkdirSync(found, { recursive: true });
    const { status, stderr } = await inFolder(sandbox, "work", "mine");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nbdkit: error: cannot open plugin 'mine': .*: its main file is not in it\n$/);
  });
});

describe.skipIf(!isPrivileged)("a plugin that is given by its path (a test for root)", () => {
  it.each(["node_modules", "package.json"])(
    "is refused when Node would resolve its imports through another user's %s",
    async (name) => {
      await using sandbox = new Sandbox();
      chmodSync(sandbox.folder.path, 0o1777);
      mkdirSync(sandbox.folder.join("work"));
      sandbox.file("work/mine.mjs", sized(512));
      const stranger = sandbox.folder.join(name);
      if (name === "node_modules") mkdirSync(stranger);
      else writeFileSync(stranger, "{}");
      giveAway(stranger);
      const { status, stderr } = await inFolder(sandbox, "work", "./mine.mjs");
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr:
          `nbdkit: error: cannot open plugin './mine.mjs': ${stranger} belongs to another user (number 65533), ` +
          "and what it imports would be looked up there: move ./mine.mjs to a folder of its own elsewhere\n",
      });
    },
  );

  it("is loaded when the surrounding files belong to the same user as the plugin", async () => {
    await using sandbox = new Sandbox();
    const paths = ["work", "work/node_modules", "work/mine.mjs", "work/package.json"].map((name) =>
      sandbox.folder.join(name),
    );
    for (const folder of paths.slice(0, 2)) mkdirSync(folder);
    writeFileSync(paths[2]!, sized(512));
    writeFileSync(paths[3]!, "{}");
    for (const path of paths) giveAway(path);
    expect(await inFolder(sandbox, ".", "work/mine.mjs")).toEqual(served);
  });
});
