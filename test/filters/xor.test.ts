import { describe, expect, it } from "vitest";
import xor from "../../src/filters/xor.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { overMemory } from "./disks.ts";

const filters = [xor];

testPlugin("xor with a value", { ...overMemory(xor, { xor: "0x123456", xorlen: "3" }), runs: 5 });
testPlugin("xor with random numbers", { ...overMemory(xor, { xor: "rand:7", size: "300001" }), runs: 5 });

function start(parameters: Record<string, string | readonly string[]>, size = 64) {
  const fake = new RecordingFake(Buffer.alloc(size));
  return { fake, chain: TestedChain.start({ plugin: fake.plugin, filters, parameters }) };
}

describe("xor", () => {
  // These bytes are those of nbdkit 1.48.
  it.each([
    [{ xor: "0x123456", xorlen: "3" }, "1234561234561234561234561234561234"],
    [{ xor: "0x12345678", xorlen: "3" }, "3456783456783456783456783456783456"],
    [{ xor: "18", xorlen: "2" }, "0012001200120012001200120012001200"],
    [{ xor: "0xfedcba9876543210", xorlen: "8" }, "fedcba9876543210fedcba9876543210fe"],
    [{ xor: "rand" }, "b4f275cb365fec99bf160c8748502fd242"],
    [{ xor: "rand:0x7c0" }, "552bce63b12c533cb8dac66017264ad08e"],
    [{ xor: "rand:18446744073709551615" }, "08ad7e2ad520558f5a76f94ef7fa58b30b"],
  ])("xor with %j is that of nbdkit, from any offset and for any length", async (parameters, hex) => {
    await using session = await start(parameters).chain;
    const disk = await session.open();
    const expected = Buffer.from(hex, "hex");
    for (let from = 0; from < expected.length; from++) {
      for (let to = from + 1; to <= expected.length; to++) {
        const seen = await contents(disk, BigInt(from), to - from);
        expect(seen.toString("hex")).toBe(expected.subarray(from, to).toString("hex"));
      }
    }
  });

  it("xor returns what was written, and stores other bytes", async () => {
    const { fake, chain } = start({ xor: "rand:5" }, 10_000);
    await using session = await chain;
    const disk = await session.open();
    const data = new Random(3).bytes(5000);
    const from = Buffer.from(data);
    await disk.write(from, 1003n, true);
    expect(from.equals(data)).toBe(true);
    expect((await contents(disk, 1003n, 5000)).equals(data)).toBe(true);
    expect(fake.bytes.includes(data.subarray(0, 16))).toBe(false);
    expect(fake.take()[0]).toBe("write 1003+5000 fua");
  });

  it("xor zeroes and trims by writing, and reports neither holes nor zeroes", async () => {
    const { fake, chain } = start({ xor: "0x12", xorlen: "1" });
    await using session = await chain;
    const disk = await session.open();
    await disk.zero(1n, 2, { fua: false, mayTrim: true, fastZero: false });
    await disk.trim(4n, 2, true);
    expect(fake.take()).toEqual(["write 1+2", "write 4+2 fua"]);
    expect((await contents(disk, 0n, 7)).toString("hex")).toBe("12000012000012");
    const fast = disk.zero(0n, 8, { fua: false, mayTrim: true, fastZero: true });
    await expect(fast).rejects.toMatchObject({ code: "ENOTSUP" });
    expect(await disk.extents(0n, 64, false)).toEqual([{ length: 64n, hole: false, zero: false }]);
  });

  it("xor offers trimming only where the disk does", async () => {
    const { trim: _, ...disk } = bufferDisk(Buffer.alloc(64));
    const plugin = { name: "untrimmed", open: () => disk };
    const parameters = { xor: "rand" };
    await using session = await TestedChain.start({ plugin, filters, parameters });
    expect(await session.open()).toMatchObject({ canTrim: false, canZero: true });
  });

  it.each([
    [{}, "you must specify xor="],
    [{ xor: "1" }, "'xorlen' parameter is required"],
    [{ xor: "1", xorlen: "0" }, "'xorlen' parameter must be [1..8] (in bytes)"],
    [{ xor: "1", xorlen: "9" }, "'xorlen' parameter must be [1..8] (in bytes)"],
    [{ xor: ["1", "2"], xorlen: "1" }, "'xor' parameter must be set only once"],
    [{ xor: "rand", xorlen: "1" }, "'xorlen' parameter must not be set for xor=rand"],
    [{ xor: "-1", xorlen: "1" }, "xor: negative numbers are not allowed"],
    [{ xor: "0x10000000000000000", xorlen: "1" }, "out of range: use 0 to 2^64-1"],
    [{ xor: "rand:" }, "xor: empty string where we expected a number"],
    [{ xor: "random" }, 'xor: could not parse number: "random"'],
  ])("xor refuses %j", async (parameters, refusal) => {
    await expect(start(parameters).chain).rejects.toThrow(refusal);
  });
});
