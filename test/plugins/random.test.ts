import { describe, expect, it } from "vitest";
import random from "../../src/plugins/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

const subject = { plugin: random, parameters: { size: "100000", seed: "1" } };
const largest = { size: "9223372036854775807", seed: "4294967295" };
testPlugin("random", { ...subject, writes: "refused" });
testPlugin("random with fast=true", {
  ...subject,
  parameters: { ...largest, fast: "true" },
  writes: "refused",
});
testPlugin("random of the largest size", { ...subject, parameters: largest, writes: "refused" });

async function read(parameters: Record<string, string>, length?: number): Promise<Buffer> {
  await using session = await TestedChain.start({ plugin: random, parameters });
  return contents(await session.open(), 0n, length);
}

describe("random", () => {
  it("has the same bytes as nbdkit for the same seed", async () => {
    const hex = (await read({ size: "16", seed: "1" })).toString("hex");
    expect(hex).toBe("1405517eae4896061772ad7bf81875ff");
  });

  it("has the same bytes for the same seed, and different bytes for another seed or none", async () => {
    const disks = [];
    for (const seed of ["1", "0x1", "2"]) disks.push(await read({ size: "1k", seed }));
    for (let count = 0; count < 2; count++) disks.push(await read({ size: "1k" }));
    expect(disks[1]).toEqual(disks[0]);
    const others = disks.slice(1).map((disk) => disk.toString("hex"));
    expect(new Set(others).size).toBe(4);
  });

  it("repeats its first sector with variations with fast=true, as nbdkit does", async () => {
    const slow = await read({ size: "1k", seed: "1" });
    const fast = await read({ size: "1M", seed: "1", fast: "true" });
    const expected = Buffer.alloc(fast.length);
    for (let at = 0; at < fast.length; at++) expected[at] = slow[at % 512]! ^ ((at >> 9) & 0xff);
    expect(fast.equals(expected)).toBe(true);
  });

  it("accepts a write of the same bytes, and refuses a write of other bytes", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    const bytes = await contents(disk);
    await disk.write(bytes, 0n, false);
    await disk.write(bytes.subarray(77, 5000), 77n, false);
    bytes[5000]! ^= 1;
    await expect(disk.write(bytes, 0n, false)).rejects.toMatchObject({
      code: "EIO",
      message: "data written does not match expected",
    });
  });

  it("cannot be trimmed or zeroed", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    const refused = { code: "EIO", message: "attempt to trim or zero a disk that is all random data" };
    expect(() => disk.trim(0n, 1, false)).toThrow(expect.objectContaining(refused));
    const zero = disk.zero(0n, 1, { fua: false, mayTrim: false, fastZero: false });
    await expect(zero).rejects.toMatchObject(refused);
  });

  it("refuses seeds that are out of range", async () => {
    await expect(read({ size: "1", seed: "4294967296" })).rejects.toThrow("seed: 4294967296 is out of range");
    await expect(read({ size: "1", seed: "x" })).rejects.toThrow("seed: could not parse number");
  });
});
