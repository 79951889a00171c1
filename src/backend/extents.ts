import { NbdError } from "../core/errors.ts";
import type { Extent } from "../core/extent.ts";

/** Merges neighbours in the same state, drops empty ones and cuts the list to `length` bytes (or to its first extent). */
export function clipExtents(
  extents: readonly Extent[],
  length: bigint,
  requestOne: boolean,
): readonly Extent[] {
  const clipped: { length: bigint; hole: boolean; zero: boolean }[] = [];
  let left = length;
  for (const { length: wanted, hole, zero } of extents) {
    if (left === 0n) break;
    if (wanted < 0n) throw new NbdError("EIO", `the plugin returned an extent of ${wanted} bytes`);
    const taken = wanted < left ? wanted : left;
    if (taken === 0n) continue;
    left -= taken;
    const last = clipped.at(-1);
    if (last !== undefined && last.hole === hole && last.zero === zero) last.length += taken;
    else if (requestOne && last !== undefined) break;
    else clipped.push({ length: taken, hole, zero });
  }
  if (clipped.length > 0) return clipped;
  throw new NbdError("EIO", "the plugin returned no extents for the range");
}
