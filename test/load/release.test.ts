import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { version } from "../packaging/made.ts";

const commit = `git add -A && git -c user.name=Test -c user.email=test@localhost.localdomain commit -q -m Test`;

/**
 * A repository with this clone, including uncommitted changes, as its only commit. It is ready for a release.
 */
async function makeReleasable(folder: Folder): Promise<void> {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const names = (await succeed("git", list, { cwd: packageRoot() }))
    .split("\0")
    .filter((name) => name !== "");
  for (const name of names.filter((name) => existsSync(join(packageRoot(), name)))) {
    mkdirSync(dirname(folder.join(name)), { recursive: true });
    cpSync(join(packageRoot(), name), folder.join(name));
  }
  writeFileSync(folder.join("CHANGELOG.md"), `# Changelog\n\n## Unreleased\n\n## ${version}\n\n- News.\n`);
  await succeed("/bin/sh", ["-c", `git init -q -b main && ${commit}`], { cwd: folder.path });
}

/** Clones the repository and changes the clone. */
async function clone(sandbox: Sandbox, of: Folder, script = ":"): Promise<void> {
  const { status, stderr } = await sandbox.sh(`git clone -q ${of.path} clone && cd clone && { ${script}; }`);
  expect(status, stderr).toBe(0);
}

function release(sandbox: Sandbox, ...args: string[]) {
  return sandbox.sh(`cd clone && node scripts/release.js --site=https://somewhere.example ${args.join(" ")}`);
}

describeWith(["git", "dpkg-shlibdeps"], "a release", () => {
  const releasable = new Folder();
  beforeAll(() => makeReleasable(releasable));
  afterAll(() => releasable[Symbol.dispose]());

  it.each([
    ["an untracked file", "echo >new-file", "the tree is not clean (new-file)"],
    ["an uncommitted change", "echo >>README.md", "the tree is not clean (README.md)"],
    [
      "no entry in the changelog",
      `printf '# Changelog\\n\\n## 0.0.1\\n\\n- Old.\\n' >CHANGELOG.md && ${commit}`,
      `CHANGELOG.md has no entry for ${version}`,
    ],
    [
      "an empty entry in the changelog",
      `printf '# Changelog\\n\\n## ${version}\\n\\n## 0.0.1\\n\\n- Old.\\n' >CHANGELOG.md && ${commit}`,
      `CHANGELOG.md has no entry for ${version}`,
    ],
    [
      "changes without a version",
      `printf '# Changelog\\n\\n## Unreleased\\n\\n- New.\\n\\n## ${version}\\n\\n- Old.\\n' >CHANGELOG.md && ${commit}`,
      "CHANGELOG.md has changes under",
    ],
    ["a tag of another version", "git tag v9.9.9", "the tag of this commit is v9.9.9"],
    [
      "its version's tag on another commit",
      `git tag v${version} && echo >>README.md && ${commit}`,
      `the tag v${version} is that of another commit`,
    ],
  ])("is refused for %s", async (_what, make, reason) => {
    await using sandbox = new Sandbox();
    await clone(sandbox, releasable, make);
    const { status, stdout, stderr } = await release(sandbox, "--test=true", "../out");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^release: [^\n]*\n$/);
    expect(stderr).toContain(reason);
    expect(existsSync(sandbox.folder.join("out"))).toBe(false);
    expect(sandbox.leftFiles).toEqual([]);
  });

  it("is refused when a test fails", async () => {
    await using sandbox = new Sandbox();
    await clone(sandbox, releasable);
    const { status, stderr } = await release(sandbox, `"--test=exit 3"`, "../out");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^release: "\/bin\/sh -c exit 3" failed: [^\n]*\n$/m);
    expect(readdirSync(sandbox.folder.path)).toEqual(expect.not.arrayContaining(["out", "out.new"]));
    expect(sandbox.leftFiles).toEqual([]);
  });

  it("builds everything from a clean clone, with checksums and a list of components", async () => {
    await using sandbox = new Sandbox();
    await clone(sandbox, releasable, `git tag v${version}`);
    const tested = `"--test=git diff --exit-code HEAD && test -f dist/bundle/nbdkit.cjs && ls -ld .. | grep ^drwxr-xr-x"`;
    const { status, stderr } = await release(
      sandbox,
      tested,
      "--repository=https://somewhere.example/sources.git",
      "../out",
    );
    expect(status, stderr).toBe(0);
    const out = sandbox.folder.join("out");
    expect((readdirSync(out, { recursive: true }) as string[]).sort()).toEqual([
      "SHA256SUMS",
      "freebsd",
      "freebsd/Makefile",
      "freebsd/distinfo",
      "freebsd/pkg-descr",
      "freebsd/pkg-plist",
      "homebrew",
      "homebrew/nbdkit-node.rb",
      `nbdkit-${version}-linux-x64`,
      `nbdkit-node-${version}.tgz`,
      `nbdkit-node_${version}-1_amd64.deb`,
      "sbom.cdx.json",
    ]);
    const checked = await sandbox.sh("cd out && sha256sum --check --strict SHA256SUMS");
    expect(checked.stdout.trim().split("\n"), checked.stderr).toHaveLength(9);
    expect(checked.status).toBe(0);
    const packed = await sandbox.sh(`tar -xOzf out/nbdkit-node-${version}.tgz package/package.json`);
    expect(JSON.parse(packed.stdout).repository).toEqual({
      type: "git",
      url: "https://somewhere.example/sources.git",
    });
    const sbom = JSON.parse(readFileSync(join(out, "sbom.cdx.json"), "utf8"));
    expect(sbom.metadata.component).toMatchObject({ name: "nbdkit-node", version });
    expect(sbom.components.map(({ name }: { name: string }) => name).sort()).toEqual([
      "node-addon-api",
      "node-gyp-build",
      "nodejs",
    ]);
    expect(sandbox.leftFiles).toEqual([]);
  }, 300_000);

  it("is refused when the folder already exists", async () => {
    await using sandbox = new Sandbox();
    await clone(sandbox, releasable);
    mkdirSync(sandbox.folder.join("out"));
    writeFileSync(sandbox.folder.join("out/x"), "");
    const { status, stderr } = await release(sandbox, "--test=true", "../out");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "release: ../out already exists: name a new folder\n",
    });
  });
});
