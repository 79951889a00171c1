import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";
import { temporaryFile } from "./temporary.ts";

const { pread, preadAsync, preadNow, pwrite, pwriteAsync, prefetchAsync, advise, setSize } = native();

const beyondNumbers = 2n ** 53n + 1n;
const offsetMax = 2n ** 63n - 1n;

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

describe.runIf(native().features.memoryFile)("on a memory file", () => {
  let fd: number;
  beforeEach(() => {
    fd = native().createMemoryFile("test");
  });
  afterEach(() => native().closeDescriptor(fd));

  it("writes and reads at offsets that no number can hold", async () => {
    pwrite(fd, Buffer.from("now"), beyondNumbers);
    await pwriteAsync(fd, Buffer.from("later"), beyondNumbers * 2n);

    const into = Buffer.alloc(5);
    expect(await preadAsync(fd, into, beyondNumbers * 2n)).toBe(5);
    expect(into.toString()).toBe("later");
    expect(pread(fd, into.subarray(0, 3), beyondNumbers)).toBe(3);
    expect(into.toString()).toBe("nower");
  });

  it("is as large as the largest offset", () => {
    setSize(fd, offsetMax);
    pwrite(fd, Buffer.from("end"), offsetMax - 3n);

    const into = Buffer.alloc(8);
    expect(pread(fd, into, offsetMax - 3n)).toBe(3);
    expect(into.toString("latin1", 0, 3)).toBe("end");
    expect(pread(fd, into, offsetMax)).toBe(0);
  });

  it("reads into shared memory and into a part of a larger buffer", () => {
    pwrite(fd, Buffer.from("abc"), 0n);
    const into = new Uint8Array(new SharedArrayBuffer(8), 2, 3);
    expect(pread(fd, into, 0n)).toBe(3);
    expect(new Uint8Array(into.buffer)).toEqual(Uint8Array.of(0, 0, 97, 98, 99, 0, 0, 0));
  });

  it("transfers no bytes for an empty buffer", async () => {
    pwrite(fd, new Uint8Array(), 10n);
    expect(pread(fd, new Uint8Array(), 0n)).toBe(0);
    expect(await preadAsync(fd, new Uint8Array(), 0n)).toBe(0);
  });

  it("keeps the buffer of a running call alive", async () => {
    setSize(fd, 1024n ** 2n);
    const reads = Array.from({ length: 64 }, () => preadAsync(fd, new Uint8Array(1024 ** 2), 0n));
    collectGarbage();
    expect(await Promise.all(reads)).toEqual(reads.map(() => 1024 ** 2));
  });
});

describe("on a file on disk", () => {
  it("reads fewer bytes only at the end", async () => {
    using file = temporaryFile("0123456789");
    const into = Buffer.alloc(8);
    expect(pread(file.fd, into, 4n)).toBe(6);
    expect(into.toString("latin1", 0, 6)).toBe("456789");
    expect(await preadAsync(file.fd, into, 100n)).toBe(0);
  });

  it("reads without waiting, or reports that it would wait", () => {
    using file = temporaryFile("0123456789");
    const into = Buffer.alloc(4);
    const got = preadNow(file.fd, into, 2n);
    expect([4, -1]).toContain(got);
    if (got === 4) expect(into.toString()).toBe("2345");
    expect(preadNow(file.fd, into, 10n), "the end and a missing page look alike").toBe(-1);
  });

  it("accepts every advice, also for ranges past the end", () => {
    using file = temporaryFile("0123456789");
    for (const advice of ["normal", "random", "sequential", "dontneed", "willneed"] as const) {
      expect(advise(file.fd, 0n, 0n, advice)).toBeUndefined();
      expect(advise(file.fd, 5n, 2n ** 40n, advice)).toBeUndefined();
    }
  });

  it("prefetches up to the end", async () => {
    using file = temporaryFile("x".repeat(200_000));
    await expect(prefetchAsync(file.fd, 100n, 2n ** 40n)).resolves.toBeUndefined();
    await expect(prefetchAsync(file.fd, 2n ** 40n, 100n)).resolves.toBeUndefined();
    await expect(prefetchAsync(file.fd, 0n, 0n)).resolves.toBeUndefined();
  });
});
