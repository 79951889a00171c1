import { describe, expect, it } from "vitest";
import memory from "../../src/plugins/memory.ts";
import { allExtents } from "../../src/testing/extents.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { descriptorsOn } from "../helpers/descriptors.ts";

const largest = "9223372036854775807";

testPlugin("memory", { plugin: memory, parameters: { size: "100000" } });
testPlugin("memory of the largest size", { plugin: memory, parameters: { size: largest }, runs: 20 });
testPlugin("memory with malloc", {
  plugin: memory,
  parameters: { size: "1M", allocator: "malloc" },
  runs: 20,
});

function start(parameters: Record<string, string>): Promise<TestedChain> {
  return TestedChain.start({ plugin: memory, parameters });
}

/** Linux only: other systems do not list descriptors in /proc. */
const onLinux = it.skipIf(process.platform !== "linux");

describe("memory", () => {
  it("requires a size", async () => {
    await expect(start({})).rejects.toThrow("you must specify size=<SIZE> on the command line");
  });

  it("starts as one hole, and takes memory only for written ranges", async () => {
    await using session = await start({ size: "1G" });
    const disk = await session.open();
    expect(await disk.extents(0n, 2 ** 30, false)).toEqual([{ length: 2n ** 30n, hole: true, zero: true }]);
    await disk.write(Buffer.from("x"), 1_000_000n, false);
    const extents = await allExtents(disk, { start: 0n, length: 2 ** 30 }, false);
    expect(extents.map(({ at, hole }) => [at, hole])).toEqual([
      [0, true],
      [983_040, false],
      [1_015_808, true],
    ]);
  });

  it("frees memory when a range is trimmed or zeroed", async () => {
    await using session = await start({ size: "1M" });
    const disk = await session.open();
    const holes = async () => (await disk.extents(0n, 2 ** 20, false)).map(({ hole }) => hole);
    for (const give of [
      () => disk.trim(0n, 2 ** 20, false),
      () => disk.zero(0n, 2 ** 20, { fua: false, mayTrim: true, fastZero: true }),
    ]) {
      await disk.write(Buffer.alloc(2 ** 20, 1), 0n, false);
      expect(await holes()).toEqual([false]);
      await give();
      expect(await holes()).toEqual([true]);
    }
  });

  onLinux(
    "takes no memory for zeroes, however large the range and whatever the client would rather have",
    async () => {
      await using session = await start({ size: "4E" });
      const disk = await session.open();
      await disk.zero(0n, 2 ** 52, { fua: false, mayTrim: false, fastZero: true });
      expect(await disk.extents(0n, 2 ** 52, false)).toEqual([{ length: disk.size, hole: true, zero: true }]);
    },
  );

  it("completes reads and writes without a promise", async () => {
    await using session = await start({ size: "1M" });
    const disk = await session.open();
    expect(disk.write(Buffer.alloc(512, 1), 0n, true)).toBeUndefined();
    expect(disk.read(Buffer.alloc(512), 0n)).toBeUndefined();
  });

  it("finds data in the last bytes of the largest disk", async () => {
    await using session = await start({ size: largest });
    const disk = await session.open();
    const from = disk.size - 2n ** 32n + 1n;
    await disk.write(Buffer.from("end"), disk.size - 3n, false);
    await disk.write(Buffer.from("before"), from + 65_536n, false);
    const extents = await allExtents(disk, { start: from, length: 2 ** 32 - 1 }, false);
    expect(extents[0]).toMatchObject({ hole: true });
    expect(extents[1]).toMatchObject({ at: 65_536, hole: false });
    expect(extents.at(-1)).toMatchObject({ hole: false });
  });

  it("reports extents in units of 32 KiB, also from and up to the middle of a unit", async () => {
    await using session = await start({ size: "1000000" });
    const disk = await session.open();
    for (const at of [40_000n, 60_000n, 990_000n]) await disk.write(Buffer.from("x"), at, false);
    const from = async (offset: bigint, length: number, one = false) =>
      (await disk.extents(offset, length, one)).map(({ length, hole }) => [Number(length), hole]);
    const end = 1_000_000 % 32_768;
    const all = [
      [32_768, true],
      [32_768, false],
      [1_000_000 - end - 65_536, true],
      [end, false],
    ];
    expect(await from(0n, 1_000_000)).toEqual(all);
    expect(await from(10_000n, 22_769)).toEqual([
      [22_768, true],
      [32_768, false],
    ]);
    expect(await from(50_000n, 1)).toEqual([[15_536, false]]);
    expect(await from(999_999n, 1)).toEqual([[1, false]]);
    for (const offset of [32_768n, 50_000n, 56_000n])
      expect(await from(offset, 20_000, true)).toEqual([[Math.min(20_000, 65_536 - Number(offset)), false]]);
  });

  it("advertises a minimum block size of 1 and a preferred one of 32768", async () => {
    await using session = await start({ size: "1M" });
    expect((await session.open()).blockSize).toMatchObject({ minimum: 1, preferred: 32_768 });
  });

  onLinux("leaves no descriptor behind", async () => {
    const before = descriptorsOn("nbdkit-memory");
    {
      await using session = await start({ size: "1M" });
      await session.open();
      expect(descriptorsOn("nbdkit-memory")).toBe(before + 1);
    }
    expect(descriptorsOn("nbdkit-memory")).toBe(before);
  });
});
