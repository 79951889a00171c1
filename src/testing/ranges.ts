import type { Random } from "./random.ts";

/** A part of a window: its position in the window, and its length; bytes. */
export type Range = readonly [at: number, length: number];

/**
 * Returns ranges of whole units within `length` bytes that begin or end at, before and after the edges of
 * sectors and pages, and the whole range.
 */
export function rangesWithin(length: number, unit: number): readonly Range[] {
  const edges = [0, 1, 511, 512, 4095, 4096, 4097, 65_536, length - 4097, length - 513, length - 1];
  const lengths = [1, 2, 511, 512, 513, 4096, 10_000, length];
  const found = edges
    .filter((at) => at >= 0 && at < length)
    .flatMap((at) => lengths.map((wanted) => rounded(at, wanted, length, unit)));
  return [...new Map(found.map((range) => [range.join(), range])).values()];
}

/**
 * Cuts `length` bytes into random ranges, most of them shorter than a sector, so that neighbours share a
 * sector.
 */
export function cut(length: number, unit: number, random: Random): readonly Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at < length; ) {
    const wanted = random.between(1, random.oneIn(8) ? 9000 : 700);
    const range = rounded(at, wanted, length, unit);
    ranges.push(range);
    at += range[1];
  }
  return ranges;
}

/** Rounds a range to whole units; `length` is a multiple of the unit. */
export function rounded(at: number, wanted: number, length: number, unit: number): Range {
  const start = at - (at % unit);
  return [start, Math.min(Math.ceil(wanted / unit) * unit, length - start)];
}

/**
 * The number of bytes at each end of the disk that concurrent requests change; more than one block of any
 * size.
 */
export const crowdedBytes: number = 96 * 1024;
