import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { succeed } from "../helpers/run.ts";
import { readElf } from "./elf.ts";
import { readMachO } from "./mach-o.ts";

const folder = join(packageRoot(), "prebuilds");
const read = (path: string): Buffer => readFileSync(join(folder, path));

const entryPoints = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];
const isNode = (name: string): boolean => /^(napi|node_api|uv)_[a-z0-9_]+$/.test(name);
const elfMachine: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
const machOMachine: Readonly<Record<string, number>> = { x64: 0x1000007, arm64: 0x100000c };

/** Checks that the addon uses only functions of Node-API and libuv. Returns its other imports. */
function systemImports(imports: readonly string[]): string[] {
  expect(imports.filter(isNode).length).toBeGreaterThan(30);
  return imports.filter((name) => !isNode(name));
}

/** Checks that each import is "name@PREFIX_1.2" with at most the given version. */
function expectVersions(imports: readonly string[], prefix: string, [major, minor]: [number, number]): void {
  for (const name of imports) {
    const [, asked, first, second] = /@([A-Z]+)_(\d+)\.(\d+)/.exec(name) ?? [];
    expect(asked, name).toBe(prefix);
    expect(Number(first) * 1000 + Number(second), name).toBeLessThanOrEqual(major * 1000 + minor);
  }
}

describe("the shipped files", () => {
  it("exist for all systems, with the names that node-gyp-build looks for", () => {
    const files = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => /[/\\]/.test(path));
    const linux = ["nbdkit-guardian", "nbdkit-launcher", "nbdkit-node.glibc.node", "nbdkit-node.musl.node"];
    const expected = ["x64", "arm64"].flatMap((arch) => [
      `darwin-${arch}/nbdkit-node.node`,
      ...["nbdkit-guardian", "nbdkit-launcher", "nbdkit-node.node"].map((name) => `freebsd-${arch}/${name}`),
      ...linux.map((name) => `linux-${arch}/${name}`),
    ]);
    expect(files.sort()).toEqual(expected.sort());
  });

  it("match the sources: run npm run prebuilds after a change in native/", async () => {
    const root = packageRoot();
    await succeed("sha256sum", ["--check", "--quiet", "prebuilds/SHA256SUMS"], { cwd: root });
    const listed = read("SHA256SUMS").toString();
    const sources = readdirSync(join(root, "native"), { recursive: true, withFileTypes: true });
    for (const source of sources.filter((entry) => entry.isFile()))
      expect(listed).toContain(`  ${relative(root, join(source.parentPath, source.name))}\n`);
  });

  it.each(["x64", "arm64"])("run on glibc 2.28: linux-%s", (arch) => {
    const { machine, needed, imports, exports } = readElf(read(`linux-${arch}/nbdkit-node.glibc.node`));
    expect(machine).toBe(elfMachine[arch]);
    expect(exports.toSorted()).toEqual(entryPoints);
    expect(needed.filter((name) => !/^(libc|libdl|libm|libpthread|ld-linux-.*)\.so\.\d$/.test(name))).toEqual(
      [],
    );
    expectVersions(systemImports(imports), "GLIBC", [2, 28]);
  });

  it.each(["x64", "arm64"])("need only musl: linux-%s", (arch) => {
    const { machine, needed, imports, exports } = readElf(read(`linux-${arch}/nbdkit-node.musl.node`));
    expect(machine).toBe(elfMachine[arch]);
    expect(exports.toSorted()).toEqual(entryPoints);
    expect(needed).toEqual(["libc.so"]);
    // test/platforms/musl.test.ts loads the file for this machine. The other file imports no more symbols.
    const loaded = readElf(read("linux-x64/nbdkit-node.musl.node")).imports;
    expect(imports.filter((name) => !loaded.includes(name))).toEqual([]);
  });

  it.each(["x64", "arm64"])("run on FreeBSD 14: freebsd-%s", (arch) => {
    const addon = readElf(read(`freebsd-${arch}/nbdkit-node.node`));
    expect(addon.machine).toBe(elfMachine[arch]);
    expect(addon.exports.toSorted()).toEqual(entryPoints);
    expect(addon.needed).toEqual(["libc.so.7"]);
    expectVersions(systemImports(addon.imports), "FBSD", [1, 7]);
    expect(addon.imports).toContain("procctl@FBSD_1.3");
    const launcher = readElf(read(`freebsd-${arch}/nbdkit-launcher`));
    expect(launcher).toMatchObject({ machine: elfMachine[arch], needed: ["libc.so.7"] });
    expectVersions(launcher.imports, "FBSD", [1, 7]);
    expect(launcher.imports).toContain("procctl@FBSD_1.3");
  });

  it.each(["x64", "arm64"])("run on macOS 11: darwin-%s", (arch) => {
    const { exports, imports, lookups, ...rest } = readMachO(read(`darwin-${arch}/nbdkit-node.node`));
    expect(rest).toEqual({
      machine: machOMachine[arch],
      minimum: "11.0",
      libraries: ["/usr/lib/libSystem.B.dylib"],
      // Macs with Apple processors run only signed code.
      signed: arch === "arm64",
    });
    // The linker adds the two excluded symbols.
    expect(exports.filter((name) => !["_mh_dylib_header", "__dso_handle"].includes(name))).toEqual(
      entryPoints,
    );
    expect(systemImports(lookups), "imports that only Node.js could provide").toEqual([]);
    expect(imports.filter(isNode)).toEqual([]);
    expect(imports).toEqual(expect.arrayContaining(["kqueue", "kevent"]));
  });

  const programs = ["launcher", "guardian"];
  it.each(programs.flatMap((program) => ["x64", "arm64"].map((arch) => [program, arch] as const)))(
    "start on any Linux: the %s for %s",
    (program, arch) => {
      // A static program has no table of libraries.
      expect(() => readElf(read(`linux-${arch}/nbdkit-${program}`))).toThrow("not dynamic");
      expect(read(`linux-${arch}/nbdkit-${program}`).readUInt16LE(18)).toBe(elfMachine[arch]);
    },
  );
});
