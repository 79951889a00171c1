import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { NativeBinding } from "../../src/native/binding.ts";
import { native } from "../../src/native/load.ts";
import { temporaryFile } from "./temporary.ts";

type Arguments = readonly unknown[];

const noSuchFd = 2 ** 30;
const bytes = new Uint8Array(1);

/** A call of each function that takes a descriptor. The call fails because the descriptor is not open. */
const calls: Partial<Record<keyof NativeBinding, Arguments>> = {
  pread: [noSuchFd, bytes, 0n],
  preadAsync: [noSuchFd, bytes, 0n],
  preadNow: [noSuchFd, bytes, 0n],
  pwrite: [noSuchFd, bytes, 0n],
  pwriteAsync: [noSuchFd, bytes, 0n],
  punchHole: [noSuchFd, 0n, 1n],
  punchHoleAsync: [noSuchFd, 0n, 1n],
  zeroRange: [noSuchFd, 0n, 1n],
  zeroRangeAsync: [noSuchFd, 0n, 1n],
  blockZeroOutAsync: [noSuchFd, 0n, 1n],
  blockDiscardAsync: [noSuchFd, 0n, 1n],
  nextData: [noSuchFd, 0n],
  nextDataAsync: [noSuchFd, 0n],
  nextHole: [noSuchFd, 0n],
  nextHoleAsync: [noSuchFd, 0n],
  advise: [noSuchFd, 0n, 0n, "normal"],
  prefetchAsync: [noSuchFd, 0n, 1n],
  setSize: [noSuchFd, 0n],
  blockDevice: [noSuchFd],
};
const names = Object.keys(calls) as (keyof NativeBinding)[];

async function failureOf(name: keyof NativeBinding, given: Arguments): Promise<NodeJS.ErrnoException> {
  const call = native()[name] as unknown as (...given: Arguments) => unknown;
  try {
    await call(...given);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error(`${name}(${given.map(String)}) did not fail`);
}

/** For each argument, argument lists that contain a value of another type in its place. */
function wrongTypes(given: Arguments): Arguments[] {
  const others = [undefined, null, {}, "text", Symbol("s"), new Float64Array(1), new ArrayBuffer(1), 1.5, 1n];
  const alike = (one: unknown, other: unknown) =>
    (typeof one === typeof other || (typeof one === "number" && typeof other === "bigint")) &&
    (typeof one !== "object" || other instanceof Uint8Array) &&
    one !== "text";
  return given.flatMap((argument, index) =>
    others.filter((other) => !alike(other, argument)).map((other) => given.with(index, other)),
  );
}

describe("a wrong argument", () => {
  it.each(names)("throws a TypeError from %s", (name) => {
    const call = native()[name] as unknown as (...given: Arguments) => unknown;
    for (const given of [[], ...wrongTypes(calls[name]!)]) {
      expect(() => call(...given), given.map(String).join()).toThrow(TypeError);
    }
  });

  it.each([-1n, 2n ** 63n, -(2n ** 64n)])("throws a RangeError for the offset %s", (offset) => {
    expect(() => native().pread(0, bytes, offset)).toThrow(RangeError);
    expect(() => native().pwriteAsync(0, bytes, offset)).toThrow(RangeError);
    expect(() => native().setSize(0, offset)).toThrow(RangeError);
  });

  it.each([-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY])(
    "throws a RangeError for the descriptor %s",
    (fd) => {
      expect(() => native().pread(fd, bytes, 0n)).toThrow(RangeError);
      expect(() => native().exitWithParent(fd)).toThrow(RangeError);
    },
  );
});

describe("a failed call", () => {
  // These functions do nothing and cannot fail on systems that do not support the operation.
  const silent = { advise: !native().features.fadvise, preadNow: process.platform !== "linux" };
  const reported = names.filter((name) => !(name in silent && silent[name as keyof typeof silent]));
  it.each(reported)("reports the errno and the system call of %s", async (name) => {
    const error = await failureOf(name, calls[name]!);
    if (error.code === "ENOTSUP") return;
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: "EBADF", errno: constants.errno.EBADF, syscall: expect.any(String) });
    expect(error.message).toBe(`${error.syscall}: Bad file descriptor`);
  });

  it("reports ENOTTY for a file instead of a block device", async () => {
    using file = temporaryFile("");
    expect(await failureOf("blockDevice", [file.fd])).toMatchObject({ code: "ENOTTY" });
  });

  it.runIf(process.platform === "linux")("reports ENOSPC when the disk is full", async () => {
    const { openSync, closeSync } = await import("node:fs");
    const full = openSync("/dev/full", "r+");
    expect(await failureOf("pwrite", [full, bytes, 0n])).toMatchObject({ code: "ENOSPC", syscall: "pwrite" });
    expect(await failureOf("pwriteAsync", [full, bytes, 0n])).toMatchObject({ code: "ENOSPC" });
    closeSync(full);
  });
});
