import type { Extent } from "../../core/extent.ts";
import { firstEndingAfter } from "../../core/first-ending-after.ts";
import type { ListedExtent } from "./parse.ts";

/** An answer has at most this many extents; clients ask again for the rest. */
const extentsMax = 4096;

/** The extents of a range. Gaps in the list are holes. */
export function within(
  list: readonly ListedExtent[],
  offset: bigint,
  length: number,
  requestOne: boolean,
): readonly Extent[] {
  const end = offset + BigInt(length);
  const found: Extent[] = [];
  let at = offset;
  for (
    let index = firstEndingAfter(list, offset);
    at < end && found.length < (requestOne ? 1 : extentsMax);
  ) {
    const listed = list[index];
    const gapEnd = listed?.offset ?? end;
    if (listed === undefined || gapEnd > at) {
      found.push({ length: gapEnd - at, hole: true, zero: true });
      at = gapEnd;
    } else {
      const { hole, zero } = listed;
      const listedEnd = listed.offset + listed.length;
      found.push({ length: listedEnd - at, hole, zero });
      at = listedEnd;
      index++;
    }
  }
  return found;
}
