import { describe, expect, it } from "vitest";
import blocksizePolicy from "../../src/filters/blocksize-policy.ts";
import memory from "../../src/plugins/memory.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake, type WitnessOptions } from "../helpers/recording-fake.ts";

const filters = [blocksizePolicy];
const flags = { fua: false, mayTrim: true, fastZero: false };

testPlugin("blocksize-policy that allows everything", {
  plugin: memory,
  filters,
  parameters: { size: "300000", "blocksize-minimum": "4k" },
  runs: 10,
});

function start(
  parameters: Record<string, string>,
  options?: WitnessOptions,
  diskBytes = 1 << 20,
): Promise<TestedChain> {
  const named = Object.entries(parameters).map(([key, value]) => [`blocksize-${key}`, value]);
  const { plugin } = new RecordingFake(Buffer.alloc(diskBytes), options);
  return TestedChain.start({ plugin, filters, parameters: Object.fromEntries(named) });
}

describe("blocksize-policy", () => {
  const below = { minimum: 512, preferred: 4096, maximum: 65_536 };

  it.each([
    [{}, undefined, undefined],
    [{}, below, below],
    [{ preferred: "32k" }, undefined, { minimum: 1, preferred: 32_768, maximum: 0xffff_ffff }],
    [{ preferred: "32k" }, below, { ...below, preferred: 32_768 }],
    [{ minimum: "4k", maximum: "1M" }, below, { minimum: 4096, preferred: 4096, maximum: 1 << 20 }],
    [
      { minimum: "4k", "write-disconnect": "10000" },
      undefined,
      { minimum: 4096, preferred: 4096, maximum: 8192 },
    ],
  ] as const)(
    "blocksize-policy with %j over %j advertises the expected block sizes",
    async (parameters, blockSize, advertised) => {
      await using session = await start(parameters, blockSize && { blockSize });
      const disk = await session.open();
      if (advertised === undefined) expect(disk.blockSize).toBe(undefined);
      else expect(disk.blockSize).toMatchObject(advertised);
      expect(disk.requestUnit).toBe(1);
    },
  );

  it.each(["error", "strict-error"])(
    "blocksize-policy with %s refuses requests that violate the block sizes",
    async (policy) => {
      const parameters = { minimum: "4k", maximum: "8k", "error-policy": policy };
      await using session = await start(parameters);
      const disk = await session.open();
      for (const [offset, length, reason] of [
        [0n, 512, "count 512 is smaller than minimum size 4096"],
        [0n, 5000, "count 5000 is not a multiple of minimum size 4096"],
        [512n, 4096, "offset 512 is not aligned to a multiple of minimum size 4096"],
        [0n, 12_288, "count 12288 is larger than maximum size 8192"],
      ] as const) {
        await expect(contents(disk, offset, length)).rejects.toThrow(
          `client pread request rejected: ${reason}`,
        );
        const write = async () => disk.write(Buffer.alloc(length), offset, false);
        await expect(write).rejects.toMatchObject({ code: "EINVAL" });
        if (length > 8192) continue;
        for (const ask of [
          async () => disk.zero(offset, length, flags),
          async () => disk.trim(offset, length, false),
          async () => disk.cache(offset, length),
          async () => disk.extents(offset, length, false),
        ]) {
          await expect(ask).rejects.toThrow(`request rejected: ${reason}`);
        }
      }
      await contents(disk, 4096n, 8192);
      await disk.zero(0n, 12_288, flags);
      await disk.trim(0n, 12_288, false);
      await disk.cache(0n, 12_288);
      await disk.extents(0n, 12_288, false);
    },
  );

  it("blocksize-policy serves a partial last block, except with strict-error", async () => {
    const keeping = (policy: string): Promise<TestedChain> =>
      start({ minimum: "4k", maximum: "8k", "error-policy": policy }, {}, 100_000);
    await using session = await keeping("error");
    await using strict = await keeping("strict-error");
    const [disk, other] = [await session.open(), await strict.open()];
    for (const [offset, length] of [
      [98_304n, 1696],
      [94_208n, 5792],
    ] as const) {
      await contents(disk, offset, length);
      await disk.write(Buffer.alloc(length), offset, false);
      await disk.zero(offset, length, flags);
      await disk.extents(offset, length, false);
      await expect(contents(other, offset, length)).rejects.toThrow("client pread request rejected");
      const extents = async () => other.extents(offset, length, false);
      await expect(extents).rejects.toThrow("client extents request rejected");
    }
    await expect(contents(disk, 98_304n, 1000)).rejects.toThrow("smaller than minimum size");
    await expect(contents(disk, 99_000n, 1000)).rejects.toThrow("is not aligned");
  });

  it("blocksize-policy emulates zeroes by writes of the allowed size", async () => {
    const parameters = { minimum: "4k", maximum: "8k", "error-policy": "error" };
    await using session = await start(parameters, { without: ["zero"] });
    const disk = await session.open();
    await disk.zero(0n, 40_960, flags);
    expect(await contents(disk, 0n, 4096)).toEqual(Buffer.alloc(4096));
  });

  it("blocksize-policy disconnects clients that send a too large write", async () => {
    await using session = await start({ "write-disconnect": "8k" });
    let cut = 0;
    const disk = await session.open({ disconnect: () => void cut++ });
    await disk.write(Buffer.alloc(8192), 0n, false);
    expect(cut).toBe(0);
    await expect(async () => disk.write(Buffer.alloc(8193), 0n, false)).rejects.toMatchObject({
      code: "ESHUTDOWN",
    });
    expect(cut).toBe(1);
  });

  it.each([
    [{ minimum: "3" }, "blocksize-minimum must be a power of 2"],
    [{ minimum: "128k" }, "blocksize-minimum must be <= 64K"],
    [{ preferred: "5000" }, "blocksize-preferred must be a power of 2"],
    [{ preferred: "256" }, "blocksize-preferred must be between 512 and 32M"],
    [{ minimum: "4k", maximum: "5000" }, "blocksize-maximum must be -1 or a multiple"],
    [{ minimum: "4k", preferred: "512" }, "blocksize-minimum must be <= blocksize-preferred"],
    [{ preferred: "4k", maximum: "512" }, "blocksize-preferred must be <= blocksize-maximum"],
    [{ minimum: "4k", "write-disconnect": "4k" }, "blocksize-write-disconnect must be larger"],
    [{ maximum: "4G" }, "blocksize-maximum: could not parse 4G"],
    [{ "error-policy": "x" }, "unknown blocksize-error-policy"],
  ] as const)("blocksize-policy refuses the parameters %j", async (parameters, message) => {
    await expect(start(parameters)).rejects.toThrow(message);
  });

  it("blocksize-policy refuses values that conflict with the block size of the disk", async () => {
    await using session = await start({ minimum: "64k" }, { blockSize: below });
    await expect(session.open()).rejects.toThrow("computed block size values are invalid");
  });
});
