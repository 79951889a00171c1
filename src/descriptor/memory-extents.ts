import { must } from "../core/assert.ts";
import type { Extent } from "../core/extent.ts";
import { smaller } from "../core/size.ts";
import { clipExtents, lengthOf } from "../served/extents.ts";
import { type ExtentSearch, findExtentsNow } from "./extents.ts";

/**
 * The unit of extents of a memory file, in bytes: that of nbdkit's sparse allocator. It is longer than a page of
 * the kernel, so that clients find fewer and longer extents.
 */
export const memoryUnitBytes: number = 32 * 1024;

/** As `findExtentsNow`, in whole units: a unit with a page of data is data. */
export function findMemoryExtents(fd: number, asked: ExtentSearch): readonly Extent[] {
  const before = asked.offset % unit;
  const offset = asked.offset - before;
  const lengthMax = asked.size - offset;
  const wholeUnits = (bytes: bigint): bigint => smaller(((bytes + unit - 1n) / unit) * unit, lengthMax);
  const length = before + asked.length;

  const search = { ...asked, offset, length: wholeUnits(length) };
  let found = findExtentsNow(fd, search);
  // One extent of pages may be shorter than its unit, and the pages after it decide about the unit too.
  if (lengthOf(found) < wholeUnits(1n))
    found = findExtentsNow(fd, { ...search, length: wholeUnits(1n), requestOne: false });
  const { requestOne } = asked;
  const [first, ...rest] = clipExtents(found, { length, lengthMax, block: unit, requestOne });
  const { length: whole, hole, zero } = must(first);
  return [{ length: whole - before, hole, zero }, ...rest];
}

const unit = BigInt(memoryUnitBytes);
