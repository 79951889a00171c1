import { describe, expect, it } from "vitest";
import partition from "../../src/filters/partition.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { gptDisk, mbrDisk } from "../helpers/partitioned.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [partition];
const mbr = mbrDisk(
  [
    { start: 100, count: 50 },
    { start: 200, count: 400, type: 0x05 },
    { start: 700, count: 100 },
    { start: 0, count: 0, type: 0 },
  ],
  200,
  [
    { record: 0, start: 10, count: 20 },
    { record: 100, start: 1, count: 99 },
    { record: 300, start: 4, count: 96 },
  ],
);

function start(bytes: Buffer, parameters: Record<string, string>, minimum?: number): Promise<TestedChain> {
  const blockSize = minimum && { minimum, preferred: 4096, maximum: 1 << 20 };
  const { plugin } = new RecordingFake(bytes, blockSize ? { blockSize } : {});
  return TestedChain.start({ plugin, filters, parameters });
}

testPlugin("partition", {
  plugin: new RecordingFake(gptDisk(512, [{ first: 100, last: 199 }])).plugin,
  filters,
  parameters: { partition: "1" },
  runs: 10,
});

describe("partition", () => {
  it.each([
    ["1", 100, 50],
    ["3", 700, 100],
    ["5", 210, 20],
    ["6", 301, 99],
    ["7", 504, 96],
  ] as const)("partition finds partition %s in an MBR", async (number, first, count) => {
    await using session = await start(mbr, { partition: number });
    const found = await contents(await session.open());
    expect(found.equals(mbr.subarray(first * 512, (first + count) * 512))).toBe(true);
  });

  it.each([512, 4096])(
    "partition finds partitions in a GPT with sectors of %i bytes",
    async (sectorBytes) => {
      const bytes = gptDisk(sectorBytes, [{ first: 40, last: 49 }, undefined, { first: 60, last: 60 }]);
      const options = { "partition-sectorsize": String(sectorBytes) };
      for (const [number, first, count] of [
        ["1", 40, 10],
        ["3", 60, 1],
      ] as const) {
        await using session = await start(bytes, { partition: number, ...options });
        const found = await contents(await session.open());
        expect(found.equals(bytes.subarray(first * sectorBytes, (first + count) * sectorBytes))).toBe(true);
      }
      await using session = await start(bytes, { partition: "2", ...options });
      await expect(session.open()).rejects.toThrow("GPT partition 2 not found");
    },
  );

  it("partition uses the minimum block size of the disk as the sector size, and reads whole blocks", async () => {
    const bytes = gptDisk(4096, [{ first: 40, last: 49 }]);
    await using session = await start(bytes, { partition: "1" }, 4096);
    expect((await session.open()).size).toBe(40_960n);
  });

  it("partition refuses a partition that does not start at a block boundary of the disk below", async () => {
    const bytes = gptDisk(512, [{ first: 100, last: 109 }]);
    await using session = await start(bytes, { partition: "1", "partition-sectorsize": "512" }, 4096);
    await expect(session.open()).rejects.toThrow(
      "partition 1 at 51200 does not begin with a block of the disk below (4096 bytes): put --filter=blocksize after",
    );
  });

  const gpt = gptDisk(512, [
    { first: 40, last: 1e6 },
    { first: 50, last: 49 },
  ]);
  const loop = mbrDisk([{ start: 10, count: 90, type: 0x0f }], 10, [
    { record: 0, start: 1, count: 1, link: 20 },
    { record: 20, start: 1, count: 1, link: 20 },
  ]);
  it.each([
    ["2", mbr, "MBR partition 2 not found"],
    ["4", mbr, "MBR partition 4 not found"],
    ["8", mbr, "MBR partition 8 not found"],
    ["5", mbrDisk([], 0, []), "there is no extended partition"],
    ["7", loop, "invalid EBR chain"],
    ["1", gpt, "partition is outside the disk"],
    ["2", gpt, "ends before it begins"],
    ["129", gpt, "GPT partition number out of range"],
    ["1", Buffer.alloc(1 << 20), "disk does not contain MBR or GPT partition table signature"],
    ["1", Buffer.alloc(1000), "disk is too small to be a partitioned disk"],
  ] as const)("partition %s is refused in case %#", async (number, bytes, message) => {
    await using session = await start(bytes, { partition: number });
    await expect(session.open()).rejects.toThrow(message);
  });

  describe("partition over a GPT with another sector size", () => {
    const hybrid = (sectorBytes: number, types: readonly number[]): Buffer => {
      const disk = gptDisk(sectorBytes, [{ first: 40, last: 49 }]);
      const record = mbrDisk(
        types.map((type, index) => ({ start: 1 + 8 * index, count: 8, type })),
        0,
        [],
      );
      record.copy(disk, 0, 0, 512);
      return disk;
    };
    const both = [
      [512, 4096, "partition-sectorsize=512"],
      [4096, 512, "partition-sectorsize=4k"],
    ] as const;

    it.each(both)(
      "refuses each partition number when the sectors have %i bytes, not %i",
      async (real, wanted, hint) => {
        for (const number of ["1", "2", "3", "5"]) {
          const options = { partition: number, "partition-sectorsize": String(wanted) };
          await using session = await start(hybrid(real, [0xee, 0x83]), options);
          await expect(session.open()).rejects.toThrow(hint);
        }
      },
    );

    it.each(both)(
      "refuses the protective entry also when it finds no GPT (sectors of %i bytes, not %i)",
      async (real, wanted, hint) => {
        const disk = hybrid(real, [0x83, 0xee]);
        disk.fill(0, real, real + 8);
        const sectors = { "partition-sectorsize": String(wanted) };
        await using session = await start(disk, { partition: "2", ...sectors });
        await expect(session.open()).rejects.toThrow(hint);
        await using other = await start(disk, { partition: "1", ...sectors });
        expect((await other.open()).size).toBe(BigInt(8 * wanted));
      },
    );

    it("refuses a protective entry of a logical partition", async () => {
      const disk = mbrDisk([{ start: 10, count: 90, type: 0x05 }], 10, [{ record: 0, start: 1, count: 9 }]);
      disk[10 * 512 + 0x1be + 4] = 0xee;
      await using session = await start(disk, { partition: "5" });
      await expect(session.open()).rejects.toThrow("partition-sectorsize=4k");
    });

    it("serves an MBR without a protective entry even if the disk has an old GPT", async () => {
      const disk = hybrid(4096, [0x83]);
      await using session = await start(disk, { partition: "1" });
      expect((await session.open()).size).toBe(4096n);
    });
  });

  it("partition refuses invalid parameters", async () => {
    await expect(start(mbr, {})).rejects.toThrow("you must specify partition=");
    await expect(start(mbr, { partition: "0" })).rejects.toThrow("partition");
    await expect(start(mbr, { partition: "1", "partition-sectorsize": "1024" })).rejects.toThrow(
      "512 or 4096",
    );
  });
});
