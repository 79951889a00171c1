import type { SizeClass, Tally } from "./tally.ts";
import { percentText, sizeText } from "./text.ts";

/** Lists requests by size, the most frequent first, up to the threshold, each with its alignments. */
export function histogram({ bytes, classes }: Tally, threshold: number): string {
  const total = classes.reduce((sum, { requests }) => sum + requests, 0);
  const wanted = Math.floor(threshold * total);
  const lines: string[] = [];
  let left = { requests: total, bytes };
  for (const found of [...classes].sort(
    (one, other) => other.requests - one.requests || one.bits - other.bits,
  )) {
    if (total - left.requests >= wanted) break;
    const share = percentText(found.requests, total, 4);
    lines.push(
      `    ${pad(found.bits)} bits: ${share} (${found.requests} reqs, ${sizeOf(found.bytes)} total)\n`,
    );
    lines.push(...alignments(found, threshold));
    left = { requests: left.requests - found.requests, bytes: left.bytes - found.bytes };
  }
  if (left.requests > 0) {
    const share = percentText(left.requests, total, 4);
    lines.push(`    other sizes: ${share} (${left.requests} reqs, ${sizeOf(left.bytes)} total)\n`);
  }
  return lines.join("");
}

/** Counts the requests that are aligned to each power of two. Offset 0 is aligned to every power. */
function alignments({ requests: total, byAlignment }: SizeClass, threshold: number): readonly string[] {
  const steps = [...byAlignment.keys()].filter(Number.isFinite).sort((one, other) => one - other);
  const cutoff = Math.floor((1 - threshold) * total);
  const lines: string[] = [];
  for (const [index, bits] of steps.entries()) {
    const requests = atLeast(bits, byAlignment);
    if (requests < cutoff) {
      lines.push(`         ${pad(bits)}+ bit-aligned: ${percentText(requests, total, 4)} (${requests})\n`);
      break;
    }
    const next = steps[index + 1];
    if (next !== undefined && atLeast(next, byAlignment) === requests) continue;
    lines.push(`         ${pad(bits)} bit aligned: ${percentText(requests, total, 5)} (${requests})\n`);
  }
  return lines;
}

function atLeast(bits: number, byAlignment: SizeClass["byAlignment"]): number {
  let requests = 0;
  for (const [alignment, count] of byAlignment) if (alignment >= bits) requests += count;
  return requests;
}

function pad(bits: number): string {
  return String(bits).padStart(2);
}

function sizeOf(bytes: bigint): string {
  return sizeText(Number(bytes));
}
