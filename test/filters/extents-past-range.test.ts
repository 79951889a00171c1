import { expect, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import type { Extent } from "../../src/core/extent.ts";
import blocksize from "../../src/filters/blocksize.ts";
import cache from "../../src/filters/cache.ts";
import cow from "../../src/filters/cow.ts";
import log from "../../src/filters/log.ts";
import offset from "../../src/filters/offset.ts";
import retry from "../../src/filters/retry.ts";
import truncate from "../../src/filters/truncate.ts";
import memory from "../../src/plugins/memory.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";

const unit = 32_768;

/** The range of an extent, and its state. */
type Run = readonly [start: number, end: number, isHole: boolean];

function runs(from: number, extents: readonly Extent[]): readonly Run[] {
  let at = from;
  return extents.map(({ length, hole }) => {
    const start = at;
    at += Number(length);
    return [start, at, hole] as const;
  });
}

async function ask(disk: ServedExport, at: number, length: number): Promise<readonly Run[]> {
  return runs(at, await disk.extents(BigInt(at), length, false));
}

const stacks: readonly (readonly [string, readonly AnyFilter[], Readonly<Record<string, string>>])[] = [
  ["no filter", [], {}],
  ["offset", [offset], { offset: String(3 * unit), range: String(11 * unit) }],
  ["truncate to less", [truncate], { truncate: String(9 * unit + 512) }],
  ["truncate to more", [truncate], { truncate: String(50 * unit) }],
  ["offset over truncate", [offset, truncate], { offset: "4096", range: "200000", truncate: "2M" }],
  ["cow", [cow], { "cow-block-size": "64k" }],
  ["cow over offset", [cow, offset], { offset: String(unit), range: "400000" }],
  ["cache over offset", [cache, offset], { offset: String(unit), range: "400000" }],
  ["blocksize", [blocksize], { minblock: "4096" }],
  ["retry over log", [retry, log], { logfile: "/dev/null" }],
];

it.each(stacks)(
  "with %s, an extent that goes past the range is right, and ends with the disk at the latest",
  async (_, filters, parameters) => {
    await using session = await TestedChain.start({
      plugin: memory,
      filters,
      parameters: { size: "1M", ...parameters },
    });
    const disk = await session.open();
    const size = Number(disk.size);
    for (let at = 2 * unit; at < Math.min(size, 1_000_000); at += 5 * unit)
      await disk.write(Buffer.alloc(512, 1), BigInt(at - (at % 512)), false);

    const whole = await ask(disk, 0, size);
    expect(whole.at(-1)?.[1]).toBe(size);
    for (let at = 0; at < size; at += 12_288) {
      const found = await ask(disk, at, Math.min(4096, size - at));
      expect(found.at(-1)?.[1]).toBeLessThanOrEqual(size);
      for (const [start, end, isHole] of found)
        for (const [from, to, wasHole] of whole)
          if (from < end && start < to) expect([start, end, isHole]).toEqual([start, end, wasHole]);
    }
  },
);
