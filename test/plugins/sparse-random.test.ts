import { describe, expect, it } from "vitest";
import sparseRandom from "../../src/plugins/sparse-random.ts";
import { allExtents } from "../../src/testing/extents.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

const shape = { size: "1000000", seed: "5", percent: "50", runlength: "8192" };
const subject = { plugin: sparseRandom, parameters: shape };
testPlugin("sparse-random", { ...subject, writes: "refused" });
testPlugin("sparse-random with random content", {
  ...subject,
  parameters: { ...shape, "random-content": "true" },
  writes: "refused",
});
testPlugin("sparse-random with random content in large blocks", {
  ...subject,
  parameters: { ...shape, blocksize: "64k", "random-content": "true" },
  writes: "refused",
});
testPlugin("sparse-random that is empty", {
  ...subject,
  parameters: { ...shape, percent: "0" },
  writes: "refused",
});

const start = (parameters: Record<string, string>) =>
  TestedChain.start({ plugin: sparseRandom, parameters: { ...shape, ...parameters } });

describe("sparse-random", () => {
  it("has the same data and holes as nbdkit for the same seed", async () => {
    await using session = await start({ size: "64k" });
    const extents = await (await session.open()).extents(0n, 65_536, false);
    expect(extents.map(({ length, hole }) => [Number(length), hole])).toEqual([
      [4096, true],
      [32_768, false],
      [4096, true],
      [8192, false],
      [4096, true],
      [12_288, false],
    ]);
  });

  it.each([
    [
      "1024",
      [
        [67_584, true],
        [366_592, false],
        [202_752, true],
      ],
    ],
    [
      "64k",
      [
        [196_608, true],
        [65_536, false],
        [65_536, true],
      ],
    ],
  ])("has the same data and holes as nbdkit for blocksize=%s", async (blocksize, expected) => {
    const other = { size: "64M", seed: "3", percent: "40", runlength: "100k", blocksize };
    await using session = await start(other);
    const extents = await (await session.open()).extents(0n, 2 ** 20, false);
    expect(extents.slice(0, 3).map(({ length, hole }) => [Number(length), hole])).toEqual(expected);
  });

  it.each([
    ["4096", 4096],
    ["1024", 1024],
    ["128M", 32 * 1024 * 1024],
  ])("announces blocksize=%s as the preferred block size %d", async (blocksize, preferred) => {
    await using session = await start({ blocksize });
    const { blockSize } = await session.open();
    expect(blockSize).toMatchObject({ minimum: 1, preferred });
  });

  it("fills each block with one byte that is not zero, or with random bytes", async () => {
    for (const [content, kinds] of [
      ["false", 1],
      ["true", 256],
    ] as const) {
      await using session = await start({ "random-content": content, percent: "100", size: "40960" });
      const bytes = await contents(await session.open());
      for (let at = 0; at < bytes.length; at += 4096) {
        const different = new Set(bytes.subarray(at, at + 4096));
        expect(different.size).toBeLessThanOrEqual(kinds);
        expect(different.size).toBeGreaterThan(kinds / 2);
        if (kinds === 1) expect(different).not.toContain(0);
      }
    }
  });

  it("approximates the given share of data and average run length", async () => {
    await using session = await start({ size: "8G", percent: "20", runlength: "1M" });
    const disk = await session.open();
    const extents = await allExtents(disk, { start: 0n, length: 2 ** 33 }, false);
    const data = extents.filter(({ hole }) => !hole);
    const bytes = data.reduce((sum, { length }) => sum + length, 0);
    expect(bytes / 2 ** 33).toBeGreaterThan(0.15);
    expect(bytes / 2 ** 33).toBeLessThan(0.25);
    expect(bytes / data.length).toBeGreaterThan(0.8 * 2 ** 20);
    expect(bytes / data.length).toBeLessThan(1.2 * 2 ** 20);
  });

  it.each([
    ["0", true],
    ["100", false],
    ["100%", false],
  ])("is all data or all hole with percent=%s", async (percent, hole) => {
    await using session = await start({ percent, size: "64T" });
    const disk = await session.open();
    expect(await disk.extents(2n ** 45n, 2 ** 32, false)).toEqual([{ length: 2n ** 32n, hole, zero: hole }]);
  });

  it("is the same in any order of access, and answers other requests while it computes a far offset", async () => {
    const parameters = { size: "64G", percent: "30", runlength: "64k" };
    await using first = await start(parameters);
    await using second = await start(parameters);
    const [near, far] = [await first.open(), await second.open()];
    const end = 60n * 1024n ** 3n;
    const jump = far.extents(end, 2 ** 20, false);
    expect(await far.extents(0n, 2 ** 20, false)).toEqual(await near.extents(0n, 2 ** 20, false));
    for (let at = 0n; at < end; at += 2n ** 32n) await near.extents(at, 4096, true);
    expect(await jump).toEqual(await near.extents(end, 2 ** 20, false));
  });

  it("accepts writes of the same bytes, and zeroes and trims of holes", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    const bytes = await contents(disk);
    await disk.write(bytes, 0n, true);
    const flags = { fua: false, mayTrim: false, fastZero: false };
    await disk.zero(0n, 4096, flags);
    await disk.trim(100n, 1000, false);
    const refused = { code: "EIO", message: expect.stringContaining("trying to trim or zero data") };
    await expect(disk.zero(0n, 4097, flags)).rejects.toMatchObject(refused);
    await expect(disk.trim(4096n, 1, false)).rejects.toMatchObject(refused);
    bytes[10] = 1;
    await expect(disk.write(bytes, 0n, false)).rejects.toMatchObject({ code: "EIO" });
  });

  it.each([
    [{ percent: "x" }, "cannot parse percent parameter: x: use a number from 0 to 100"],
    [{ percent: "-1" }, "cannot parse percent parameter: -1"],
    [{ percent: "100.1" }, "cannot parse percent parameter: 100.1"],
    [{ runlength: "0" }, "runlength parameter must be > 0"],
    [{ size: "1P" }, "size=1P is too large: use 64T or less, or a larger blocksize="],
    [{ size: "65T", blocksize: "2k" }, "size=65T is too large: use 32T or less"],
    [{ blocksize: "512" }, "blocksize=512: use"],
    [{ blocksize: "512M" }, "blocksize=512M: use"],
    [{ blocksize: "1536" }, "blocksize=1536: use"],
    [{ blocksize: "64M", "random-content": "true" }, "blocksize with random-content=true: use 32M or less"],
  ])("refuses %o", async (parameters, message) => {
    await expect(start(parameters)).rejects.toThrow(message);
  });
});
