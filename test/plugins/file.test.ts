import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import file from "../../src/plugins/file.ts";
import type { SessionOptions } from "../../src/testing/subject.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { someClient } from "../helpers/hosts.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());
let files = 0;
const fresh = (size: number): string => folder.sparseFile(`contract-${++files}`, size);

testPlugin("file", { plugin: file, parameters: () => ({ file: fresh(1_000_001) }), runs: 20 });
testPlugin("file of 0 bytes", { plugin: file, parameters: () => ({ file: fresh(0) }), runs: 3 });
testPlugin("file under memory pressure", {
  plugin: file,
  parameters: () => ({ file: fresh(100_000), "reduce-memory-pressure": "on", fadvise: "sequential" }),
  runs: 10,
});
if (existsSync("/dev/shm")) {
  const memory = new Folder("/dev/shm");
  afterAll(() => memory[Symbol.dispose]());
  const parameters = () => ({ file: memory.sparseFile(`contract-${++files}`, 100_000) });
  testPlugin("file on tmpfs", { plugin: file, parameters, runs: 20 });
}

function start(parameters: Record<string, string>, more: Partial<SessionOptions> = {}): Promise<TestedChain> {
  return TestedChain.start({ plugin: file, parameters, ...more });
}

/** Linux only: other systems do not list descriptors in /proc. */
const onLinux = it.skipIf(process.platform !== "linux");

describe("file", () => {
  it("writes only the requested range", async () => {
    const path = fresh(3000);
    await using session = await start({ file: path });
    const disk = await session.open();
    await disk.write(Buffer.from("hello"), 1000n, true);
    expect(readFileSync(path)).toEqual(
      Buffer.concat([Buffer.alloc(1000), Buffer.from("hello"), Buffer.alloc(1995)]),
    );
  });

  it("completes a read without a promise when the data is in the page cache", async () => {
    const path = fresh(0);
    writeFileSync(path, Buffer.alloc(100_000, 7));
    await using session = await start({ file: path });
    const disk = await session.open();
    const into = Buffer.alloc(100_000);
    await disk.read(into, 0n);
    expect(into.equals(Buffer.alloc(100_000, 7))).toBe(true);
  });

  it("reads large ranges in full", async () => {
    const path = fresh(0);
    const content = Buffer.alloc(5_000_000, "0123456789");
    writeFileSync(path, content);
    await using session = await start({ file: path, cache: "none" });
    const into = Buffer.alloc(content.length);
    await (await session.open()).read(into, 0n);
    expect(into.equals(content)).toBe(true);
  });

  it("frees space when a range is trimmed, or zeroed with permission to trim", async () => {
    const path = fresh(0);
    writeFileSync(path, Buffer.alloc(2 ** 20, 1));
    await using session = await start({ file: path });
    const disk = await session.open();
    const full = statSync(path).blocks;
    await disk.trim(0n, 2 ** 19, true);
    expect(statSync(path).blocks).toBeLessThan(full);
    await disk.zero(0n, 2 ** 20, { fua: true, mayTrim: true, fastZero: false });
    expect(statSync(path).blocks).toBeLessThan(full / 2);
    expect(await disk.extents(0n, 2 ** 20, false)).toEqual([{ length: 2n ** 20n, hole: true, zero: true }]);
  });

  it("fails reads beyond the end of a file that was truncated while it was served", async () => {
    const path = fresh(10_000);
    await using session = await start({ file: path });
    const disk = await session.open();
    truncateSync(path, 5000);
    await expect((async () => disk.read(Buffer.alloc(10_000), 0n))()).rejects.toMatchObject({
      code: "EIO",
      message: expect.stringContaining(`pread: ${path}: offset=0, count=10000: unexpected end of file`),
    });
  });

  it("reads the file's size again for each client", async () => {
    const path = fresh(1000);
    await using session = await start({ file: path });
    expect((await session.open()).size).toBe(1000n);
    truncateSync(path, 2000);
    expect((await session.open()).size).toBe(2000n);
  });

  it("logs with -D file.zero=1 how ranges are zeroed", async () => {
    await using session = await start({ file: fresh(8192) }, { debugFlags: { zero: 1 } });
    await (await session.open()).zero(0n, 4096, { fua: false, mayTrim: false, fastZero: false });
    expect(session.debugLines.join("\n")).toMatch(/zero range 0\+4096: /);
  });

  // Even root has no write permission for this file: sysfs checks the mode itself.
  const unwritable = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
  it.skipIf(!existsSync(unwritable))(`is read-only when the file is (needs ${unwritable})`, async () => {
    await using session = await start({ file: unwritable });
    const disk = await session.open();
    expect(disk.canWrite).toBe(false);
    expect(session.debugLines.join("\n")).toMatch(/Permission denied: opening it read-only/);
  });

  onLinux("closes every file that it opened, also when opening an export fails", async () => {
    folder.sparseFile("closes", 512);
    {
      await using session = await start({ dir: folder.path });
      await session.open({ exportName: "closes" });
      await session.open({ exportName: "closes", readOnly: true });
      expect(folder.descriptors()).toBe(2);
      await expect(session.open({ exportName: "nix" })).rejects.toThrow();
    }
    expect(folder.descriptors()).toBe(0);
  });
});

describe("file's descriptors", () => {
  it("fd= serves an open file and leaves it open", async () => {
    const path = fresh(4096);
    const fd = openSync(path, "r+");
    {
      await using session = await start({ fd: String(fd) });
      const [first, second] = [await session.open(), await session.open()];
      await first.write(Buffer.from("hello"), 0n, true);
      await session.close(first);
      const into = Buffer.alloc(5);
      await second.read(into, 0n);
      expect(into.toString()).toBe("hello");
    }
    expect(statSync(`/dev/fd/${fd}`).size).toBe(4096);
    closeSync(fd);
  });

  it("fd= is read-only when the descriptor was opened for reading", async () => {
    const fd = openSync(fresh(4096), "r");
    await using session = await start({ fd: String(fd) });
    expect((await session.open()).canWrite).toBe(false);
    closeSync(fd);
  });

  onLinux("dirfd= serves the directory, even after it was renamed", async () => {
    using parent = new Folder();
    const old = new Folder(parent.path);
    old.sparseFile("disk", 512);
    const fd = openSync(old.path, "r");
    await using session = await start({ dirfd: String(fd) });
    renameSync(old.path, parent.join("renamed"));
    expect(await session.chain.listExports(someClient)).toEqual([{ name: "disk" }]);
    expect((await session.open({ exportName: "disk" })).size).toBe(512n);
    closeSync(fd);
  });
});
