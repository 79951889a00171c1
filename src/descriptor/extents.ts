import type { Extent } from "../core/extent.ts";
import { native } from "../native/load.ts";

/**
 * Enough to be useful and little enough to be quick: a client asks again from where an answer
 * ended, and on a file in shreds every extent costs two system calls.
 */
const extentsMax = 4096;

/**
 * Linux adds a page to the offsets it compares, which overflows at the very end of a file of 2^63-1 bytes: data
 * there is not found. What lies behind this offset is therefore called data, whatever it is.
 */
const searchEnd: bigint = 2n ** 63n - 2n ** 21n;

interface Seek {
  readonly state: "data" | "hole";
  readonly from: bigint;
}

/** The holes and data of a file from `offset` on (lseek(2), SEEK_DATA), as a handle's `extents` answers them. */
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

/** The same on the thread pool, for files whose extents may have to be read from a disk. */
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
    // Found at once is no extent: the state only changed between two looks.
    if (next > at) found.push(extent(next - at, state === "data"));
    at = next;
    state = state === "data" ? "hole" : "data";
  }
  if (at >= last && at < end && found.length < most) found.push(extent(end - at, false));
  return found;
}

/** -1 stands for "none up to the end of the file", which lies behind `last`. */
function clamp(found: bigint, last: bigint): bigint {
  return found < 0n || found > last ? last : found;
}

function extent(length: bigint, hole: boolean): Extent {
  return { length, hole, zero: hole };
}

/** Whether the file system can tell holes from data. */
export async function canFindExtents(fd: number): Promise<boolean> {
  if (!native().features.extents) return false;
  return await native()
    .nextHoleAsync(fd, 0n)
    .then(
      () => true,
      () => false,
    );
}
