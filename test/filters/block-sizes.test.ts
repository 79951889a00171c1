import { describe, expect, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const diskBytes = 2 * 1024 * 1024;

const smallCache = {
  "cache-min-block-size": "4k",
  "cache-max-size": "1M",
  "cache-high-threshold": "20",
  "cache-low-threshold": "10",
  "cache-on-read": "yes",
};

/**
 * Filters that choose the size of their own reads and writes, with parameters that make them read or write.
 */
const choosing: readonly (readonly [keyof typeof builtInFilters & string, Record<string, string>])[] = [
  ["cache", {}],
  ["cache", { cache: "writethrough" }],
  ["cache", smallCache],
  ["cow", { "cow-block-size": "4k", "cow-on-cache": "yes" }],
  ["cow", { "cow-block-size": "1M", "cow-on-read": "yes" }],
  ["checkwrite", {}],
  ["nocache", { cachemode: "emulate" }],
  ["nozero", { zeromode: "emulate" }],
  ["readahead", {}],
  ["scan", { "scan-size": "4k" }],
  ["truncate", { truncate: "3M" }],
  ["blocksize", {}],
];

describe.each([
  [512, 65_536],
  [4096, 4096],
  [65_536, 131_072],
])("over a disk with block sizes from %d to %d bytes", (minimum, maximum) => {
  it.each(choosing)(
    "%s with %j sends only requests that respect the block sizes",
    async (name, parameters) => {
      const { default: filter } = await builtInFilters[name]!();
      const blockSize = { minimum, preferred: Math.max(minimum, 4096), maximum };
      const fake = new RecordingFake(Buffer.alloc(diskBytes), { blockSize, slow: true });
      const filters = [filter as AnyFilter];
      await using session = await TestedChain.start({ plugin: fake.plugin, filters, parameters });
      const disk = await session.open();
      for (let seed = 0; seed < 20; seed++) await Promise.all(requests(disk, new Random(seed)));
      await disk.flush();
      expect(session.debugLines.filter((line) => line.includes("violates the block sizes"))).toEqual([]);
    },
  );
});

/** Requests as a client may send them, all within the disk below. */
function requests(disk: ServedExport, random: Random): readonly unknown[] {
  const { minimum, maximum } = disk.blockSize!;
  const offset = random.below(diskBytes / minimum) * minimum;
  const length = random.between(1, (diskBytes - offset) / minimum) * minimum;
  const data = Buffer.alloc(Math.min(length, maximum));
  const at = BigInt(offset);
  return [
    disk.read(Buffer.from(data), at),
    disk.canWrite && disk.write(data, at, random.oneIn(2)),
    disk.canZero && disk.zero(at, length, { fua: false, mayTrim: true, fastZero: false }),
    disk.canTrim && disk.trim(at, length, false),
    disk.canCache && disk.cache(at, length),
    disk.extents(at, length, false),
  ];
}
