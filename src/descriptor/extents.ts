import type { Extent } from "../core/extent.ts";
import { native } from "../native/load.ts";

/**
 * The maximum number of extents in one answer. Every extent costs two system calls, so an answer about a
 * fragmented file must end early. The client asks again from where the answer ended.
 */
const extentsMax = 4096;

/**
 * Everything from this offset on is reported as data. Linux adds a page to the offsets that it compares; this
 * overflows at the end of a file of 2^63-1 bytes, and lseek does not find data there.
 */
const searchEnd: bigint = 2n ** 63n - 2n ** 21n;

interface Seek {
  readonly state: "data" | "hole";
  readonly from: bigint;
}

/**
 * The holes and data of a file from `offset` on (lseek(2), SEEK_DATA), in the form that a handle's `extents`
 * returns.
 */
export function findExtentsNow(
  fd: number,
  offset: bigint,
  length: number,
  requestOne: boolean,
): readonly Extent[] {
  const search = walk(offset, offset + BigInt(length), requestOne ? 1 : extentsMax);
  let step = search.next();
  while (!step.done) {
    const { state, from } = step.value;
    step = search.next(state === "data" ? native().nextData(fd, from) : native().nextHole(fd, from));
  }
  return step.value;
}

/** As `findExtentsNow`, but on the thread pool: the file system may have to read the extents from a disk. */
export async function findExtents(
  fd: number,
  offset: bigint,
  length: number,
  requestOne: boolean,
): Promise<readonly Extent[]> {
  const search = walk(offset, offset + BigInt(length), requestOne ? 1 : extentsMax);
  let step = search.next();
  while (!step.done) {
    const { state, from } = step.value;
    const seek = state === "data" ? native().nextDataAsync(fd, from) : native().nextHoleAsync(fd, from);
    step = search.next(await seek);
  }
  return step.value;
}

function* walk(offset: bigint, end: bigint, most: number): Generator<Seek, Extent[], bigint> {
  const last = end < searchEnd ? end : searchEnd;
  const found: Extent[] = [];
  let at = offset;
  let state: Seek["state"] = "data";
  while (at < last && found.length < most) {
    const next = clamp(yield { state, from: at }, last);
    // Skip an extent of zero length: the search began at a boundary, or the file changed between two
    // searches.
    if (next > at) found.push(extent(next - at, state === "data"));
    at = next;
    state = state === "data" ? "hole" : "data";
  }
  if (at >= last && at < end && found.length < most) found.push(extent(end - at, false));
  return found;
}

/** Limits a search result to `last`. -1 means "none up to the end of the file". */
function clamp(found: bigint, last: bigint): bigint {
  return found < 0n || found > last ? last : found;
}

function extent(length: bigint, hole: boolean): Extent {
  return { length, hole, zero: hole };
}

/** Whether the file system reports holes (SEEK_HOLE). */
export async function canFindExtents(fd: number): Promise<boolean> {
  if (!native().features.extents) return false;
  return await native()
    .nextHoleAsync(fd, 0n)
    .then(
      () => true,
      () => false,
    );
}
