import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasLauncher, packageCopy, type Report } from "./package-copy.ts";

function run(command: string, args: readonly string[] = [], options: object = {}): Report {
  return JSON.parse(execFileSync(command, args, { encoding: "utf8", ...options }));
}

/** Creates a symlink and its parent folder. */
function link(target: string, path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
  return path;
}

describe("bin/nbdkit", () => {
  it.each([
    [
      "node_modules/.bin",
      "node_modules/nbdkit-node",
      "node_modules/.bin/nbdkit",
      "../nbdkit-node/bin/nbdkit",
    ],
    [
      "a global prefix",
      "lib/node_modules/nbdkit-node",
      "bin/nbdkit",
      "../lib/node_modules/nbdkit-node/bin/nbdkit",
    ],
  ])("finds its package through npm's link in %s", (_where, installed, command, target) => {
    using copy = packageCopy();
    const prefix = join(copy.path, "with a space");
    link(copy.path, join(prefix, installed));
    const path = link(target, join(prefix, command));
    expect(run(path, ["x"]).argv).toEqual(["x"]);
    expect(run(command, ["x"], { cwd: prefix }).argv, "by a relative path").toEqual(["x"]);
    const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` };
    expect(run("nbdkit", ["x"], { env, cwd: "/" }).argv, "on PATH").toEqual(["x"]);
  });

  it("finds its package through a chain of relative and absolute links", () => {
    using copy = packageCopy();
    link("../../bin/nbdkit", join(copy.path, "links/one/nbdkit"));
    link(join(copy.path, "links/one/nbdkit"), join(copy.path, "links/two/server"));
    const last = link("two/server", join(copy.path, "links/three"));
    expect(run(last, ["x"]).argv).toEqual(["x"]);
  });

  it("finds its package through links to folders, where .. leads to another folder", () => {
    using copy = packageCopy();
    const folder = link(join(copy.path, "bin"), join(copy.path, "deep/er/commands"));
    expect(run(join(folder, "nbdkit"), ["x"]).argv).toEqual(["x"]);
    const file = link("../commands/nbdkit", join(copy.path, "deep/er/more/server"));
    const throughBoth = link(dirname(file), join(copy.path, "deep/files"));
    expect(run(join(throughBoth, "server"), ["x"]).argv).toEqual(["x"]);
  });

  it("ignores packages that another user put next to a link in a world-writable folder", () => {
    using copy = packageCopy();
    for (const stranger of ["nbdkit-node", "lib/node_modules/nbdkit-node", "lib/nbdkit-node"]) {
      const bin = join(copy.path, "shared", stranger, "bin");
      link(join(copy.path, "bin/nbdkit"), join(bin, "nbdkit"));
      mkdirSync(join(bin, "../dist/bundle"), { recursive: true });
      writeFileSync(join(bin, "../dist/bundle/nbdkit.cjs"), 'console.log(`{ "argv": ["a stranger"] }`)');
    }
    const path = link(join(copy.path, "bin/nbdkit"), join(copy.path, "shared/own/nbdkit"));
    chmodSync(join(copy.path, "shared"), 0o1777);
    expect(run(path, ["x"]).argv).toEqual(["x"]);
  });

  it("finds its package when a shell runs it by its bare name", () => {
    using copy = packageCopy();
    expect(run("sh", ["nbdkit", "x"], { cwd: join(copy.path, "bin") }).argv).toEqual(["x"]);
  });

  it("names the missing bundle and the build command when the package is not built", () => {
    using copy = packageCopy();
    rmSync(join(copy.path, "dist"), { recursive: true });
    const { status, stdout, stderr } = spawnSync(join(copy.path, "bin/nbdkit"), { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^nbdkit: .*dist\/bundle\/nbdkit\.cjs is missing: run "npm run build" in .*\n$/);
  });
});

describe.each([...(hasLauncher ? [{ launcher: true }] : []), { launcher: false }])(
  "bin/nbdkit with %j",
  (how) => {
    it("passes arguments on unchanged", () => {
      using copy = packageCopy(how);
      const args = ["", "a b", "*", "$HOME", "'\"\\", "tab\tnew\nline", "--run", "exit 3", "--", "-"];
      expect(run(join(copy.path, "bin/nbdkit"), args).argv).toEqual(args);
    });

    it("passes the parent's process id on, and stays one process", () => {
      using copy = packageCopy(how);
      const { pid, stdout } = spawnSync(join(copy.path, "bin/nbdkit"), { encoding: "utf8" });
      expect(JSON.parse(stdout)).toMatchObject({
        pid,
        launched: expect.stringMatching(new RegExp(`^${process.pid}:0:${how.launcher ? "1::\\d+" : "0:"}$`)),
      });
    });

    it("moves NODE_EXTRA_CA_CERTS to another variable", () => {
      using copy = packageCopy(how);
      const given = (value?: string) => ({ env: { ...process.env, NODE_EXTRA_CA_CERTS: value } });
      const server = join(copy.path, "bin/nbdkit");
      expect(run(server, [], given("/none such"))).toMatchObject({ setAside: "/none such" });
      expect(run(server, [], given("/none such"))).not.toHaveProperty("kept");
      expect(run(server, [], given(""))).toMatchObject({ setAside: "" });
      expect(run(server, [], given(undefined))).not.toHaveProperty("setAside");
    });

    it("reports a failure to run node with status 127", () => {
      using copy = packageCopy(how);
      const env = { ...process.env, PATH: copy.path };
      const { status, stderr } = spawnSync(join(copy.path, "bin/nbdkit"), { encoding: "utf8", env });
      expect(status).toBe(127);
      expect(stderr).toMatch(/^[^\n]*node[^\n]*\n$/);
    });
  },
);
