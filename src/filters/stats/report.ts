import { histogram } from "./histogram.ts";
import type { Tallies, Tally } from "./tally.ts";
import { sizeText } from "./text.ts";

const kinds = ["read", "write", "trim", "zero", "extents", "cache", "flush"] as const;

/**
 * Formats the report as in nbdkit-stats-filter(1), "EXAMPLE OUTPUT".
 * @param ms run time of the server, in ms
 * @param threshold share of the requests that the histogram covers, from 0 to 1
 */
export function reportOf(tallies: Tallies, ms: number, threshold: number): string {
  return totals(tallies, ms) + kinds.map((kind) => section(kind, tallies[kind], ms, threshold)).join("");
}

function totals(tallies: Tallies, ms: number): string {
  let operations = 0;
  let bytes = 0n;
  for (const kind of kinds) {
    if (kind === "cache") continue;
    operations += tallies[kind].operations;
    if (kind !== "extents") bytes += tallies[kind].bytes;
  }
  return `total: ${operations} ops, ${seconds(ms)}, ${sizeText(Number(bytes))}, ${rateText(bytes, ms)}\n`;
}

function section(kind: string, tally: Tally, ms: number, threshold: number): string {
  const { operations, bytes, classes } = tally;
  if (operations === 0) return "";
  const rates = `${rateText(bytes, tally.ms)} op, ${rateText(bytes, ms)} total`;
  const line = `${kind}: ${operations} ops, ${seconds(tally.ms)}, ${sizeText(Number(bytes))}, ${rates}\n`;
  if (threshold === 0 || classes.length === 0) return line;
  return `${line}  Request size and alignment breakdown:\n${histogram(tally, threshold)}\n`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(6)} s`;
}

function rateText(bytes: bigint, ms: number): string {
  return ms === 0 ? "(n/a)/s" : `${sizeText(Math.floor((Number(bytes) / ms) * 1000))}/s`;
}
