import type { Extent } from "../core/extent.ts";
import { smaller } from "../core/size.ts";
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

/** The part of a file whose extents to find; bytes. */
export interface ExtentSearch {
  readonly offset: bigint;
  readonly length: bigint;
  /** The size of the file. */
  readonly size: bigint;
  /** Find only the first extent. */
  readonly requestOne: boolean;
}

/**
 * The holes and data of a file from `offset` on (lseek(2), SEEK_DATA), in the form that a handle's `extents`
 * returns: the last extent may go past the range.
 */
export function findExtentsNow(fd: number, asked: ExtentSearch): readonly Extent[] {
  const search = walk(asked);
  let step = search.next();
  while (!step.done) {
    const { state, from } = step.value;
    step = search.next(state === "data" ? native().nextData(fd, from) : native().nextHole(fd, from));
  }
  return step.value;
}

/** As `findExtentsNow`, but on the thread pool: the file system may have to read the extents from a disk. */
export async function findExtents(fd: number, asked: ExtentSearch): Promise<readonly Extent[]> {
  const search = walk(asked);
  let step = search.next();
  while (!step.done) {
    const { state, from } = step.value;
    const seek = state === "data" ? native().nextDataAsync(fd, from) : native().nextHoleAsync(fd, from);
    step = search.next(await seek);
  }
  return step.value;
}

function* walk({ offset, length, size, requestOne }: ExtentSearch): Generator<Seek, Extent[], bigint> {
  const end = offset + length;
  const searched = smaller(size, searchEnd);
  const most = requestOne ? 1 : extentsMax;
  const found: Extent[] = [];
  let at = offset;
  let state: Seek["state"] = "data";
  while (at < end && at < searched && found.length < most) {
    const result = yield { state, from: at };
    // -1 means "none up to the end of the file".
    const next = result < 0n ? searched : smaller(result, searched);
    // Skip an extent of zero length: the search began at a boundary, or the file changed between two
    // searches.
    if (next > at) found.push(extent(next - at, state === "data"));
    at = next;
    state = state === "data" ? "hole" : "data";
  }
  if (at >= searched && at < end && found.length < most) found.push(extent(end - at, false));
  return found;
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
