import { beforeEach, describe, expect, it, vi } from "vitest";
import { Zeroing } from "../../src/descriptor/zeroing.ts";

/** The error code that each fake system call fails with, and the calls that were made. */
const answers = new Map<string, string>();
const calls: string[] = [];

vi.mock("../../src/native/load.ts", () => ({
  native: () =>
    new Proxy(
      {},
      { get: (_, name: string) => (_fd: number, at: bigint, length: bigint) => call(name, at, length) },
    ),
}));

async function call(name: string, offset: bigint, length: bigint): Promise<void> {
  calls.push(`${name.replace("Async", "")} ${offset}+${length}`);
  const code = answers.get(name);
  if (code !== undefined) throw Object.assign(new Error(code), { code });
}

const flags = { fua: false, mayTrim: true, fastZero: false };

describe("Zeroing", () => {
  beforeEach(() => {
    answers.clear();
    calls.length = 0;
  });

  it("punches a hole only if the client allows holes", async () => {
    const file = new Zeroing(3, undefined, undefined);
    await file.zero(0n, 10n, flags);
    await file.zero(0n, 10n, { ...flags, mayTrim: false });
    expect(calls).toEqual(["punchHole 0+10", "zeroRange 0+10"]);
  });

  it("does not retry an operation that the file system does not support", async () => {
    answers.set("punchHoleAsync", "ENOTSUP").set("zeroRangeAsync", "EOPNOTSUPP");
    const file = new Zeroing(3, undefined, undefined);
    for (let round = 0; round < 3; round++) {
      await expect(file.zero(0n, 10n, flags)).rejects.toMatchObject({ code: "ENOTSUP" });
    }
    await file.trim(0n, 10n);
    expect(calls).toEqual(["punchHole 0+10", "zeroRange 0+10"]);
  });

  it("throws the error of a failed request, and tries the same operation for the next request", async () => {
    answers.set("punchHoleAsync", "ENOSPC");
    const file = new Zeroing(3, undefined, undefined);
    await expect(file.zero(0n, 10n, flags)).rejects.toMatchObject({ code: "ENOSPC" });
    await expect(file.trim(0n, 10n)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(calls).toHaveLength(2);
  });

  it("does not let the kernel write zeroes to a device for a fast zero", async () => {
    answers.set("punchHoleAsync", "ENOTSUP");
    const device = new Zeroing(3, 512, undefined);
    await expect(device.zero(0n, 512n, { ...flags, fastZero: true })).rejects.toMatchObject({
      code: "ENOTSUP",
    });
    expect(calls).toEqual(["punchHole 0+512"]);
  });

  it("tries all operations on a device in order", async () => {
    answers.set("punchHoleAsync", "ENOTSUP").set("zeroRangeAsync", "ENOTSUP");
    await new Zeroing(3, 512, undefined).zero(512n, 1024n, flags);
    expect(calls).toEqual(["punchHole 512+1024", "zeroRange 512+1024", "blockZeroOut 512+1024"]);
  });

  it("refuses a range of a device that is not aligned to sectors", async () => {
    const device = new Zeroing(3, 512, undefined);
    await expect(device.zero(1n, 1024n, flags)).rejects.toMatchObject({ code: "ENOTSUP" });
    expect(calls).toEqual([]);
  });

  it("discards the whole sectors within a range", async () => {
    const device = new Zeroing(3, 512, undefined);
    await device.trim(1n, 511n);
    await device.trim(1n, 2000n);
    await device.trim(0n, 512n);
    expect(calls).toEqual(["blockDiscard 512+1024", "blockDiscard 0+512"]);
  });

  it("ignores a trim of a device that does not support discard", async () => {
    answers.set("blockDiscardAsync", "ENOTSUP");
    const device = new Zeroing(3, 512, undefined);
    await device.trim(0n, 512n);
    await device.trim(0n, 512n);
    expect(calls).toHaveLength(1);
  });
});
