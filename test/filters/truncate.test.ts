import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import nozero from "../../src/filters/nozero.ts";
import truncate from "../../src/filters/truncate.ts";
import memory from "../../src/plugins/memory.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [truncate];
const flags = { fua: false, mayTrim: true, fastZero: false };

testPlugin("truncate to less", {
  plugin: memory,
  filters,
  parameters: { size: "300000", truncate: "100001" },
  runs: 10,
});
testPlugin("truncate to the same", {
  plugin: memory,
  filters,
  parameters: { size: "300000", "round-up": "32" },
  runs: 10,
});

function start(
  parameters: Record<string, string>,
  fake = new RecordingFake(new Random(1).bytes(1000)),
): Promise<TestedChain> {
  return TestedChain.start({ plugin: fake.plugin, filters, parameters });
}

describe("truncate", () => {
  it.each([
    [{}, 1000n],
    [{ truncate: "10" }, 10n],
    [{ truncate: "1T" }, 1n << 40n],
    [{ "round-up": "512" }, 1024n],
    [{ "round-down": "512" }, 512n],
    [{ truncate: "1025", "round-up": "512", "round-down": "1k" }, 1024n],
    [{ truncate: "0", "round-up": "4k" }, 0n],
  ] as const)("truncate with %j gives the expected size", async (parameters, size) => {
    await using session = await start(parameters);
    expect((await session.open()).size).toBe(size);
  });

  it.each([
    [{ "round-up": "0" }, "if set, the round-up parameter must be > 0"],
    [{ "round-down": "3" }, "the round-down parameter must be a power of 2"],
    [{ "round-up": "8G" }, "the round-up parameter is too large"],
    [{ truncate: "-1" }, "size cannot be negative"],
  ] as const)("truncate refuses the parameters %j", async (parameters, message) => {
    await expect(start(parameters)).rejects.toThrow(message);
  });

  it("truncate refuses to round up beyond the maximum size", async () => {
    await using session = await start({ truncate: "9223372036854775807", "round-up": "512" });
    await expect(session.open()).rejects.toThrow("cannot round size 9223372036854775807 up");
  });

  it("truncate adds a tail that reads as zeroes and accepts only zeroes", async () => {
    const fake = new RecordingFake(new Random(1).bytes(1000));
    await using session = await start({ truncate: "3000" }, fake);
    const disk = await session.open();
    expect(await contents(disk)).toEqual(Buffer.concat([fake.bytes, Buffer.alloc(2000)]));
    await disk.write(Buffer.alloc(500), 900n, false);
    expect(fake.bytes.subarray(900)).toEqual(Buffer.alloc(100));
    await disk.zero(990n, 2010, flags);
    await disk.trim(1000n, 2000, false);
    fake.take();
    expect(() => disk.write(Buffer.alloc(2, 1), 999n, false)).toThrow(
      expect.objectContaining({ code: "ENOSPC" }),
    );
    await disk.zero(1000n, 2000, { ...flags, fastZero: true });
    expect(fake.take()).toEqual([]);
  });

  it("truncate reports the tail as a hole without a request to the disk", async () => {
    const fake = new RecordingFake(Buffer.alloc(1000, 1));
    await using session = await start({ truncate: "3000" }, fake);
    const disk = await session.open();
    const data = { length: 1000n, hole: false, zero: false };
    const tail = { length: 2000n, hole: true, zero: true };
    expect(await disk.extents(0n, 3000, false)).toEqual([data, tail]);
    expect(await disk.extents(0n, 3000, true)).toEqual([data]);
    expect(await disk.extents(1000n, 2000, false)).toEqual([tail]);
    expect(fake.take()).toEqual(["extents 0+1000", "extents 0+1000"]);
  });

  it("truncate reports a hole when the last block of a sparse disk continues into the tail", async () => {
    const hole = (bytes: number) => ({ length: BigInt(bytes), hole: true, zero: true });
    const blockSize = { minimum: 4096, preferred: 4096, maximum: 65_536 };
    const plugin: AnyPlugin = {
      name: "sparse",
      open: () => ({
        size: 5000n,
        blockSize,
        read: () => {},
        extents: (_at: bigint, length: number) => [hole(length)],
      }),
    };
    await using session = await TestedChain.start({ plugin, filters, parameters: { truncate: "16384" } });
    expect(await (await session.open()).extents(4096n, 8192, false)).toEqual([hole(8192)]);
  });

  it("truncate refuses fast zeroes of the disk if the disk does not support them", async () => {
    await using session = await start({ truncate: "3000" });
    const disk = await session.open();
    await expect(disk.zero(999n, 10, { ...flags, fastZero: true })).rejects.toMatchObject({
      code: "ENOTSUP",
    });
  });

  it("truncate offers no zero requests if the disk does not", async () => {
    const parameters = { size: "1000", truncate: "3000", zeromode: "none" };
    await using session = await TestedChain.start({
      plugin: memory,
      filters: [truncate, nozero],
      parameters,
    });
    expect((await session.open()).canZero).toBe(false);
  });
});
