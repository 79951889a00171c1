import { describe, expect, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import blocksize from "../../src/filters/blocksize.ts";
import cache from "../../src/filters/cache.ts";
import cow from "../../src/filters/cow.ts";
import fua from "../../src/filters/fua.ts";
import truncate from "../../src/filters/truncate.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { firstParameters, transparentFilters } from "../helpers/transparent.ts";
import { crowd } from "./requests.ts";

const length = 200_001;

interface Subject {
  readonly title: string;
  readonly filters: readonly AnyFilter[];
  readonly parameters: Readonly<Record<string, string>>;
  /** After a flush, the disk below has the data that clients wrote. */
  readonly reaches?: boolean;
}

const smallCache = {
  "cache-min-block-size": "4k",
  "cache-max-size": "1M",
  "cache-high-threshold": "10",
  "cache-low-threshold": "5",
};

const subjects: readonly Subject[] = [
  { title: "cow", filters: [cow], parameters: { "cow-block-size": "8k" } },
  { title: "cow that copies", filters: [cow], parameters: { "cow-on-read": "1", "cow-on-cache": "1" } },
  { title: "cache=writeback", filters: [cache], parameters: {}, reaches: true },
  { title: "cache=writethrough", filters: [cache], parameters: { cache: "writethrough" }, reaches: true },
  {
    title: "a small cache",
    filters: [cache],
    parameters: { ...smallCache, "cache-on-read": "1" },
    reaches: true,
  },
  {
    title: "blocksize",
    filters: [blocksize, truncate],
    parameters: { minblock: "4k", maxdata: "8k", "round-up": "4k" },
  },
  { title: "fua", filters: [fua], parameters: { fuamode: "force" }, reaches: true },
  {
    title: "blocksize over cache over cow",
    filters: [blocksize, cache, cow, truncate],
    parameters: { minblock: "512", "round-up": "512", ...smallCache },
  },
];

describe.each([true, false])(
  "many parallel requests of several clients read and write the right bytes, slow disk: %j,",
  (slow) => {
    it.each(subjects.map((subject) => [subject.title, subject] as const))(
      "%s",
      async (_title, { filters, parameters, reaches }) => {
        const fake = new RecordingFake(new Random(1).bytes(length), { slow });
        const original = Buffer.from(fake.bytes);
        await using session = await TestedChain.start({ plugin: fake.plugin, filters, parameters });
        const disks = [await session.open(), await session.open(), await session.open()];
        const expected = Buffer.alloc(Number(disks[0]!.size));
        original.copy(expected);
        for (let seed = 0; seed < 3; seed++) {
          const real = expected.subarray(0, length);
          await crowd(disks, real, seed);
        }
        if (disks[0]!.canFlush) await disks[0]!.flush();
        if (reaches) expect(fake.bytes.equals(expected)).toBe(true);
        if (filters.includes(cow)) expect(fake.bytes.equals(original)).toBe(true);
      },
    );
  },
);

describe("many parallel requests of several clients read and write the right bytes through", () => {
  it.each(transparentFilters.map((filter) => [filter.name, filter] as const))("%s", async (name, filter) => {
    const { default: definition } = await builtInFilters[name]!();
    const { plugin } = new RecordingFake(new Random(1).bytes(300_000), { slow: true });
    const parameters = firstParameters(filter);
    await using session = await TestedChain.start({ plugin, filters: [definition as AnyFilter], parameters });
    const disks = [await session.open(), await session.open(), await session.open()];
    const expected = await contents(disks[0]!);
    for (let seed = 0; seed < 2; seed++) await crowd(disks, expected, seed);
  });
});
