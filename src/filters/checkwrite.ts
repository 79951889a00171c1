import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";
import { answer, inSteps, type Steps } from "../core/maybe-promise.ts";
import { isAllZero } from "../core/zero-runs.ts";
import { pieceBytesFor } from "../served/block-size.ts";
import { clipExtents } from "../served/extents.ts";

/**
 * Compares writes with the disk: a write that would change data fails with EIO: nbdkit-checkwrite-filter(1).
 */
const checkwrite: Filter = defineFilter({
  name: "checkwrite",
  longname: "nbdkit checkwrite filter",
  openNext: (next, _state, request) => next({ ...request, readOnly: true }),
  open: (next) => ({
    write: (from, offset) => inSteps(compare(next, from, offset)),
    zero: (offset, length, { fastZero }) => inSteps(expectZeroes(next, offset, length, fastZero)),
    trim: (offset, length) => inSteps(expectZeroes(next, offset, length, false)),
    flush: () => {},
    nativeFua: true,
    fuaByFlushing: false,
    fastZero: true,
    multiConn: true,
  }),
});
export default checkwrite;

/** Bytes to read at a time. */
const readBytes = 1024 * 1024;

function* compare(next: Handle, from: Uint8Array, offset: bigint): Steps {
  const isSame = (there: Buffer, at: number) => there.equals(from.subarray(at, at + there.length));
  yield* eachPiece(next, offset, from.length, isSame);
}

function* expectZeroes(next: Handle, offset: bigint, length: number, fast: boolean): Steps {
  const end = offset + BigInt(length);
  for (let at = offset; at < end; ) {
    const range = { length: end - at, block: 1n, requestOne: false };
    const unknown = [{ length: end - at, hole: false, zero: false }];
    const found =
      next.extents && clipExtents(yield* answer(next.extents(at, Number(end - at), false)), range);
    for (const extent of found ?? unknown) {
      if (!extent.zero && fast)
        throw new NbdError("ENOTSUP", "fast zero refused: the data must be read to compare it");
      if (!extent.zero) yield* eachPiece(next, at, Number(extent.length), isAllZero);
      at += extent.length;
    }
  }
}

function* eachPiece(
  next: Handle,
  offset: bigint,
  length: number,
  isExpected: (bytes: Buffer, at: number) => boolean,
): Steps {
  const buffer = Buffer.allocUnsafe(Math.min(length, pieceBytesFor(next, readBytes)));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    yield next.read(piece, offset + BigInt(at));
    if (!isExpected(piece, at)) throw new NbdError("EIO", "data written does not match expected");
  }
}
