import { defineFilter, type Filter } from "../contract/filter.ts";
import { NbdError } from "../core/errors.ts";
import { isAllZero } from "../core/zero-runs.ts";
import { pieceBytesFor } from "../served/block-size.ts";
import { type CompleteHandle, completeHandle } from "../served/complete-handle.ts";
import { clipExtents } from "../served/extents.ts";

/**
 * Compares writes with the disk: a write that would change data fails with EIO: nbdkit-checkwrite-filter(1).
 */
const checkwrite: Filter = defineFilter({
  name: "checkwrite",
  longname: "nbdkit checkwrite filter",
  openNext: (next, _state, request) => next({ ...request, readOnly: true }),
  open(next) {
    const below = completeHandle(next);
    return {
      write: (from, offset) => compare(below, from, offset),
      zero: (offset, length, { fastZero }) => expectZeroes(below, offset, length, fastZero),
      trim: (offset, length) => expectZeroes(below, offset, length, false),
      flush: () => {},
      nativeFua: true,
      fuaByFlushing: false,
      fastZero: true,
      multiConn: true,
    };
  },
});
export default checkwrite;

/** Bytes to read at a time. */
const readBytes = 1024 * 1024;

async function compare(next: CompleteHandle, from: Uint8Array, offset: bigint): Promise<void> {
  const isSame = (there: Buffer, at: number) => there.equals(from.subarray(at, at + there.length));
  await eachPiece(next, offset, from.length, isSame);
}

async function expectZeroes(
  next: CompleteHandle,
  offset: bigint,
  length: number,
  fast: boolean,
): Promise<void> {
  const end = offset + BigInt(length);
  for (let at = offset; at < end; ) {
    const range = { length: end - at, block: 1n, requestOne: false };
    const found = await next.extents(at, Number(end - at), false);
    for (const extent of clipExtents(found, range)) {
      if (!extent.zero && fast)
        throw new NbdError("ENOTSUP", "fast zero refused: the data must be read to compare it");
      if (!extent.zero) await eachPiece(next, at, Number(extent.length), isAllZero);
      at += extent.length;
    }
  }
}

async function eachPiece(
  next: CompleteHandle,
  offset: bigint,
  length: number,
  isExpected: (bytes: Buffer, at: number) => boolean,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(length, pieceBytesFor(next, readBytes)));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    await next.read(piece, offset + BigInt(at));
    if (!isExpected(piece, at)) throw new NbdError("EIO", "data written does not match expected");
  }
}
