import { fstatSync, readSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
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
