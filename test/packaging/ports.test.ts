import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { makeTarball, version } from "./made.ts";

const site = "https://somewhere.example/files";
const folder = new Folder();
let tarball: string;
let sha256: string;
beforeAll(async () => {
  tarball = await makeTarball(folder.path);
  sha256 = (await succeed("sha256sum", [tarball])).split(" ")[0]!;
  const write = `import { writePorts } from "./scripts/ports.js";
    const [tarball, folder, about] = process.argv.slice(1);
    writePorts(tarball, folder, JSON.parse(about));`;
  const about = JSON.stringify({ version, site, seconds: 1767225600 });
  const args = ["--input-type=module", "-e", write, "--", tarball, folder.path, about];
  await succeed(process.execPath, args, { cwd: packageRoot() });
});
afterAll(() => folder[Symbol.dispose]());

const made = (path: string): string => readFileSync(folder.join(path), "utf8");

it("the port and the formula contain no placeholders", () => {
  for (const name of ["freebsd", "homebrew"].flatMap((system) =>
    readdirSync(folder.join(system)).map((file) => `${system}/${file}`),
  ))
    expect(made(name), name).not.toMatch(/@[A-Z0-9]+@|undefined/);
});

describe("the FreeBSD port", () => {
  it("contains the size and checksum of the tarball", () => {
    const name = `nbdkit-node-${version}.tgz`;
    expect(made("freebsd/distinfo")).toBe(
      `TIMESTAMP = 1767225600\nSHA256 (${name}) = ${sha256}\nSIZE (${name}) = ${statSync(tarball).size}\n`,
    );
  });

  it("has a comment and a description of the length that the handbook requires", () => {
    const comment = /^COMMENT=\t(.*)$/m.exec(made("freebsd/Makefile"))![1]!;
    expect(comment.length).toBeLessThanOrEqual(70);
    expect(comment).not.toMatch(/^(An?|The) |\.$/);
    for (const line of made("freebsd/pkg-descr").split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

/** Replaces the ports framework. It implements only the parts that our Makefile uses. */
const framework = `
PREFIX=		/usr/local
FIND=		find
SORT=		sort
MKDIR=		mkdir -p
RLN=		ln -sr
INSTALL_DATA=	install -m 0644
INSTALL_SCRIPT=	install -m 0555
INSTALL_MAN=	install -m 0444
COPYTREE_SHARE=	sh -c 'cp -R --parents $$0 "$$1"'
COPYTREE_BIN=	sh -c 'cp -R --parents $$0 "$$1"'
install: do-install post-install
facts:
	@echo "\${MASTER_SITES}\${PORTNAME}-\${DISTVERSION}\${EXTRACT_SUFX} \${PREBUILT}"
`;

describeWith(["bmake"], "the Makefile of the FreeBSD port", () => {
  const make = async (...args: string[]): Promise<string> => {
    const where = [`WRKDIR=${folder.join("work")}`, `STAGEDIR=${folder.join("stage")}`];
    const variables = [...where, `TMPPLIST=${folder.join("plist")}`];
    return succeed("bmake", ["-m", folder.join("mk"), ...args, ...variables], {
      cwd: folder.join("freebsd"),
    });
  };
  beforeAll(async () => {
    for (const name of ["mk", "work", "stage", "stage/usr/local/bin", "stage/usr/local/share/man/man1"])
      mkdirSync(folder.join(name), { recursive: true });
    writeFileSync(folder.join("mk/bsd.port.mk"), framework);
    writeFileSync(folder.join("mk/sys.mk"), "");
    await succeed("tar", ["-xzf", tarball, "-C", folder.join("work")]);
  });

  it.each([
    ["amd64", "freebsd-x64"],
    ["aarch64", "freebsd-arm64"],
  ])("fetches the tarball, and installs the prebuilt files for %s", async (arch, prebuilt) => {
    expect(await make("facts", `ARCH=${arch}`)).toBe(`${site}/nbdkit-node-${version}.tgz ${prebuilt}\n`);
  });

  it("installs the files of pkg-plist and of the generated list", async () => {
    // The prebuilt files of this system may be missing while the tests run.
    mkdirSync(folder.join("work/package/prebuilds/freebsd-x64"), { recursive: true });
    writeFileSync(folder.join("plist"), made("freebsd/pkg-plist"));
    await make("install", "ARCH=amd64");
    const stage = folder.join("stage/usr/local");
    const installed = (await succeed("find", [".", "-type", "f", "-o", "-type", "l"], { cwd: stage })).trim();
    // The framework compresses the manual pages itself.
    const packed = installed.replaceAll("./", "").replace(/^(share\/man\/.*)$/gm, "$1.gz");
    expect(packed.split("\n").sort()).toEqual(made("plist").trim().split("\n").sort());
    expect(await succeed(join(stage, "bin/nbdkit"), ["--version"])).toContain(version);
    expect(await succeed(join(stage, "bin/nbd"), ["--version"])).toContain(version);
  });
});

/** Replaces Homebrew: records the statements of the formula. */
const homebrew = `
class Formula
  SAID = {}
  def self.method_missing(name, *values) = SAID[name] = values.first
  def self.respond_to_missing?(*) = true
  def self.test = nil
end
require ARGV[0]
puts Formula::SAID.slice(:url, :sha256, :license, :depends_on).values, NbdkitNode.method_defined?(:install)
`;

describeWith(["ruby"], "the Homebrew formula", () => {
  it("is valid Ruby, and contains the address of the tarball", async () => {
    const said = await succeed("ruby", ["-w", "-e", homebrew, folder.join("homebrew/nbdkit-node.rb")]);
    expect(said.trim().split("\n")).toEqual([
      `${site}/nbdkit-node-${version}.tgz`,
      sha256,
      "BSD-3-Clause",
      "node",
      "true",
    ]);
  });

  it("describes itself in less than 80 characters", () => {
    expect(/desc "(.*)"/.exec(made("homebrew/nbdkit-node.rb"))![1]!.length).toBeLessThan(80);
  });
});
