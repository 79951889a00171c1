import { fstatSync, readSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createMemoryDisk, type MemoryDisk } from "../../src/descriptor/memory-disk.ts";
import { createMemoryFile, createUnlinkedFile } from "../../src/descriptor/memory-file.ts";
import { native } from "../../src/native/load.ts";

describe("createMemoryFile", () => {
  it("creates a sparse file of any size without a name in a folder", () => {
    const fd = createMemoryFile("nbdkit-test", 2n ** 63n - 1n);
    expect(fstatSync(fd, { bigint: true })).toMatchObject({ size: 2n ** 63n - 1n, blocks: 0n });
    native().closeDescriptor(fd);
  });

  it("falls back to an unlinked file in the temporary folder", () => {
    const fd = createUnlinkedFile("nbdkit-test");
    writeSync(fd, "hello", 100);
    const into = Buffer.alloc(5);
    readSync(fd, into, 0, 5, 100);
    expect(into.toString()).toBe("hello");
    expect(fstatSync(fd)).toMatchObject({ nlink: 0 });
    expect(fstatSync(fd).mode & 0o777).toBe(0o600);
    native().closeDescriptor(fd);
  });
});

describe("a memory disk that has been disposed of", () => {
  const flags = { fua: false };
  it.each<[string, (disk: MemoryDisk) => unknown]>([
    ["read", (disk) => disk.read(Buffer.alloc(8), 0n)],
    ["write", (disk) => disk.write(Buffer.alloc(8), 0n)],
    ["readNow", (disk) => disk.readNow(Buffer.alloc(8), 0, 8, 0)],
    ["writeNow", (disk) => disk.writeNow(Buffer.alloc(8), 0, 8, 0)],
    ["trim", (disk) => disk.trim(0n, 8, flags)],
    ["zero", (disk) => disk.zero(0n, 8)],
    ["extents", (disk) => disk.extents(0n, 8, false)],
  ])("refuses %s with EBADF", (_, request) => {
    const disk = createMemoryDisk("nbdkit-test", 1024n * 1024n);
    disk.write(Buffer.alloc(8, 1), 0n);
    disk.dispose();
    expect(() => request(disk)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });
});
