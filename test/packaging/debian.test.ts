import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { run, succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith, hasTool } from "../helpers/tools.ts";
import { bareTools, makeTarball, script, version } from "./made.ts";
import { doesMainJob } from "./main-job.ts";

describeWith(["dpkg-deb", "dpkg-shlibdeps"], "the Debian package", () => {
  const folder = new Folder();
  const root = folder.join("root");
  let tarball: string;
  let file: string;
  beforeAll(async () => {
    tarball = await makeTarball(folder.path);
    await script("debian.js", tarball, folder.path);
    file = folder.join(`nbdkit-node_${version}-1_amd64.deb`);
    await succeed("dpkg-deb", ["-x", file, root]);
  });
  afterAll(() => folder[Symbol.dispose]());

  it("does the main job from the folder where it was unpacked, without a compiler", async () => {
    await using sandbox = new Sandbox();
    using tools = bareTools("node");
    await doesMainJob(sandbox, `${join(root, "usr/bin")}:${tools.path}`);
  });

  it("depends on Node.js and the addon's libraries, and replaces nbdkit", async () => {
    const fields = await succeed("dpkg-deb", ["-f", file, "Depends", "Conflicts", "Replaces", "Provides"]);
    expect(fields).toMatch(/^Depends: nodejs \(>= 20\), libc6 \(>= [\d.]+\)/m);
    expect(fields).toMatch(/^Conflicts: nbdkit$/m);
    expect(fields).toMatch(/^Replaces: nbdkit$/m);
    expect(fields).not.toContain("Provides");
  });

  it("contains the commands, their manual pages and completions, and the systemd units", () => {
    for (const name of ["nbd", "nbdkit"]) {
      expect(readdirSync(join(root, "usr/bin"))).toContain(name);
      expect(readdirSync(join(root, "usr/share/man/man1"))).toContain(`${name}.1.gz`);
      expect(readdirSync(join(root, "usr/share/bash-completion/completions"))).toContain(name);
    }
    expect(readdirSync(join(root, "lib/systemd/system")).sort()).toEqual(["nbdkit.service", "nbdkit.socket"]);
  });

  it.skipIf(!hasTool("lintian"))(
    "is as Debian's policy wants it, but for the stated exceptions",
    async () => {
      const { status, stdout } = await run("lintian", ["--allow-root", "--fail-on=error,warning", file]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    },
  );

  it("is the same when it is built again", async () => {
    const before = readFileSync(file);
    await script("debian.js", tarball, folder.path);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});
