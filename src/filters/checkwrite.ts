import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Host } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { hexdiff } from "../core/hexdump.ts";
import { zeroBytes } from "../core/zero-runs.ts";
import { pieceBytesFor } from "../served/block-size.ts";
import { type CompleteHandle, completeHandle } from "../served/complete-handle.ts";
import { clipExtents } from "../served/extents.ts";

/** The disk to compare with, and a function that logs what differs, or undefined. */
interface Expected {
  readonly disk: CompleteHandle;
  readonly log: ((line: string) => void) | undefined;
}

/**
 * Compares writes with the disk: a write that would change data fails with EIO: nbdkit-checkwrite-filter(1).
 */
const checkwrite: Filter = defineFilter({
  name: "checkwrite",
  longname: "nbdkit checkwrite filter",
  debugFlags: ["showdiffs"],
  configComplete: (_values, host): Host => host,
  openNext: (next, _host, request) => next({ ...request, readOnly: true }),
  open(next, host) {
    const log = host.debugFlag("showdiffs") > 0 ? (line: string) => host.debug(line) : undefined;
    const below = { disk: completeHandle(next), log };
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

async function compare(expected: Expected, from: Uint8Array, offset: bigint): Promise<void> {
  await eachPiece(expected, offset, from.length, (at, bytes) => from.subarray(at, at + bytes));
}

async function expectZeroes(
  expected: Expected,
  offset: bigint,
  length: number,
  fast: boolean,
): Promise<void> {
  const end = offset + BigInt(length);
  for (let at = offset; at < end; ) {
    const range = { length: end - at, block: 1n, requestOne: false };
    const found = await expected.disk.extents(at, Number(end - at), false);
    for (const extent of clipExtents(found, range)) {
      if (!extent.zero && fast)
        throw new NbdError("ENOTSUP", "fast zero refused: the data must be read to compare it");
      if (!extent.zero)
        await eachPiece(expected, at, Number(extent.length), (_at, bytes) => zeroBytes(bytes));
      at += extent.length;
    }
  }
}

/** @param writtenAt returns a part of what is written */
async function eachPiece(
  { disk, log }: Expected,
  offset: bigint,
  length: number,
  writtenAt: (at: number, bytes: number) => Uint8Array,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(length, pieceBytesFor(disk, readBytes)));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    const start = offset + BigInt(at);
    await disk.read(piece, start);
    const written = writtenAt(at, piece.length);
    if (piece.equals(written)) continue;
    if (log !== undefined) for (const line of hexdiff(piece, written, start)) log(line);
    throw new NbdError("EIO", "data written does not match expected");
  }
}
