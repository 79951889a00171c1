import fc from "fast-check";
import blocksize from "../../src/filters/blocksize.ts";
import cache from "../../src/filters/cache.ts";
import cow from "../../src/filters/cow.ts";
import offset from "../../src/filters/offset.ts";
import partition from "../../src/filters/partition.ts";
import truncate from "../../src/filters/truncate.ts";
import { Random } from "../../src/testing/random.ts";
import { gptDisk, mbrDisk } from "../helpers/partitioned.ts";

/** By name, so that the title of a failing test is readable. */
export const filters = { blocksize, cache, cow, offset, partition, truncate } as const;
type Name = keyof typeof filters;

/** A simple model of what a filter does with a disk. */
export interface View {
  readonly filter: Name;
  readonly parameters: Readonly<Record<string, string>>;
  /** The whole disk below the filter. */
  readonly bytes: Buffer;
  /** Start and length of the part of the disk that clients see, in bytes. */
  readonly start: number;
  readonly real: number;
  /** The size that clients see, in bytes. Bytes after the real ones are zeroes. */
  readonly size: number;
  /** True when writes of clients do not reach the disk. */
  readonly keepsToItself?: boolean;
}

const noise = new Random(1).bytes(300_000);
const diskBytes = fc.integer({ min: 0, max: noise.length });

/** Generates the maximum and zero as often as other lengths. */
const lengthUpTo = (max: number) => fc.oneof(fc.nat(max), fc.constantFrom(0, max));

const throughOffset = diskBytes.chain((below) =>
  lengthUpTo(below).chain((start) =>
    fc.option(lengthUpTo(below - start)).map((range): View => {
      const real = range ?? below - start;
      const parameters = { offset: String(start), ...(range === null ? {} : { range: String(range) }) };
      return { filter: "offset", parameters, bytes: noise.subarray(0, below), start, real, size: real };
    }),
  ),
);

const powerOfTwo = fc.integer({ min: 0, max: 18 }).map((exponent) => 2 ** exponent);
const throughTruncate = fc
  .tuple(diskBytes, fc.option(fc.nat(400_000)), fc.option(powerOfTwo), fc.option(powerOfTwo))
  .map(([below, absolute, up, down]): View => {
    const rounded = Math.ceil((absolute ?? below) / (up ?? 1)) * (up ?? 1);
    const size = rounded - (rounded % (down ?? 1));
    const parameters = Object.fromEntries(
      Object.entries({ truncate: absolute, "round-up": up, "round-down": down }).flatMap(([key, value]) =>
        value === null ? [] : [[key, String(value)]],
      ),
    );
    const real = Math.min(size, below);
    return { filter: "truncate", parameters, bytes: noise.subarray(0, below), start: 0, real, size };
  });

/** Generates parts of a disk in sectors, in order and without overlaps. */
const parts = (first: number, end: number, count: number) =>
  fc
    .uniqueArray(fc.integer({ min: first, max: end }), { minLength: 2 * count, maxLength: 2 * count })
    .map((edges) => {
      const sorted = [...edges].sort((one, other) => one - other);
      return Array.from({ length: count }, (_, index) => ({
        start: sorted[2 * index]!,
        end: sorted[2 * index + 1]!,
      }));
    });

function partitionView(
  bytes: Buffer,
  sectorBytes: number,
  number: number,
  { start, end }: { readonly start: number; readonly end: number },
): View {
  const real = (end - start) * sectorBytes;
  const parameters = { partition: String(number), "partition-sectorsize": String(sectorBytes) };
  return { filter: "partition", parameters, bytes, start: start * sectorBytes, real, size: real };
}

const throughGpt = fc
  .tuple(parts(64, 2000, 4), fc.nat(3), fc.constantFrom(512, 4096))
  .map(([found, index, sectorBytes]) => {
    const disk = gptDisk(
      sectorBytes,
      found.map(({ start, end }) => ({ first: start, last: end - 1 })),
    );
    return partitionView(disk, sectorBytes, index + 1, found[index]!);
  });

const extendedStart = 1000;
const throughMbr = fc
  .tuple(parts(1, extendedStart - 1, 3), parts(extendedStart + 1, 2048, 3), fc.nat(5))
  .map(([primary, logical, index]) => {
    const count = ({ start, end }: { start: number; end: number }) => ({ start, count: end - start });
    const records = logical.map((part, at) => {
      // Each record is between its partition and the previous one. The first record is at the start of the
      // extended partition.
      const record = at === 0 ? extendedStart : logical[at - 1]!.end;
      return { record: record - extendedStart, start: part.start - record, count: part.end - part.start };
    });
    const extended = { start: extendedStart, count: 2048 - extendedStart, type: 0x05 };
    const disk = mbrDisk([...primary.map(count), extended], extendedStart, records);
    const isLogical = index >= 3;
    const number = isLogical ? index + 2 : index + 1;
    return partitionView(disk, 512, number, isLogical ? logical[index - 3]! : primary[index]!);
  });

const transparent = (
  filter: Name,
  parameters: fc.Arbitrary<Record<string, string>>,
  more: Partial<View> = {},
) =>
  fc.tuple(diskBytes, parameters).map(([below, given]): View => {
    const bytes = noise.subarray(0, below);
    return { filter, parameters: given, bytes, start: 0, real: below, size: below, ...more };
  });

const throughCow = transparent(
  "cow",
  fc.record({
    "cow-block-size": fc.constantFrom("4k", "8k", "64k", "256k"),
    "cow-on-read": fc.constantFrom("yes", "no"),
    "cow-on-cache": fc.constantFrom("yes", "no"),
  }),
  { keepsToItself: true },
);

const throughCache = transparent(
  "cache",
  fc.record(
    {
      cache: fc.constantFrom("writeback", "writethrough"),
      "cache-min-block-size": fc.constantFrom("4k", "32k", "64k"),
      "cache-max-size": fc.constantFrom("1M", "2M"),
      "cache-high-threshold": fc.integer({ min: 8, max: 100 }).map(String),
      "cache-low-threshold": fc.integer({ min: 1, max: 7 }).map(String),
      "cache-on-read": fc.constantFrom("yes", "no"),
    },
    { requiredKeys: ["cache", "cache-min-block-size", "cache-high-threshold", "cache-low-threshold"] },
  ),
);

const throughBlocksize = fc
  .tuple(
    diskBytes,
    fc.constantFrom(1, 512, 4096),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([below, minblock, data, length]): View => {
    const parameters = {
      minblock: String(minblock),
      maxdata: String(4096 * data),
      maxlen: String(4096 * length),
    };
    // Clients do not see an incomplete block at the end of the disk.
    const real = below - (below % minblock);
    return { filter: "blocksize", parameters, bytes: noise.subarray(0, below), start: 0, real, size: real };
  });

/** Each view, with its number of test runs. */
export const views: readonly (readonly [string, fc.Arbitrary<View>, runs: number])[] = [
  ["offset", throughOffset, 100],
  ["truncate", throughTruncate, 100],
  ["partition of a GPT", throughGpt, 15],
  ["partition of an MBR, primary and logical", throughMbr, 30],
  ["cow", throughCow, 100],
  ["cache", throughCache, 100],
  ["blocksize", throughBlocksize, 100],
];
