import type { Handle, WriteFlags, ZeroFlags } from "../../contract/handle.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { type CompleteHandle, completeHandle } from "../../served/complete-handle.ts";
import { clipExtents } from "../../served/extents.ts";

/** The piece of a range that lies in one part. */
interface Piece {
  readonly part: CompleteHandle;
  /** The offset within the part, in bytes. */
  readonly offset: bigint;
  readonly length: number;
  /** The number of bytes of the range before this piece. */
  readonly before: number;
}

/** Concatenates disks to one disk. It is writable only if all parts are. */
export function joined(disks: readonly Handle[]): Handle {
  const parts = disks.map(completeHandle);
  const onEachPiece = async (
    offset: bigint,
    length: number,
    perform: (piece: Piece) => MaybePromise<void>,
  ): Promise<void> => {
    for (const piece of piecesOf(parts, offset, length)) await perform(piece);
  };
  const cut = (bytes: Uint8Array, { before, length }: Piece): Uint8Array =>
    bytes.subarray(before, before + length);
  const onAll = async (perform: (part: CompleteHandle) => MaybePromise<void>): Promise<void> => {
    // Start all at once, so that a failure of one part does not skip the others.
    await Promise.all(parts.map(perform));
  };
  const changes = {
    write: (from: Uint8Array, at: bigint, flags: WriteFlags) =>
      onEachPiece(at, from.length, (piece) => piece.part.write(cut(from, piece), piece.offset, flags)),
    trim: (at: bigint, bytes: number, flags: WriteFlags) =>
      onEachPiece(at, bytes, ({ part, offset, length }) => part.trim(offset, length, flags)),
    // If one part does not support zeroing, its error makes the server write zeroes over the whole range.
    zero: (at: bigint, bytes: number, flags: ZeroFlags) =>
      onEachPiece(at, bytes, ({ part, offset, length }) => part.zero(offset, length, flags)),
  };
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0n),
    identity: disks.map(({ identity }) => identity).join(" and "),
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: (into, at) =>
      onEachPiece(at, into.length, (piece) => piece.part.read(cut(into, piece), piece.offset)),
    ...(parts.every(({ canWrite }) => canWrite) && changes),
    flush: () => onAll((part) => part.flush()),
    cache: (at, bytes) => onEachPiece(at, bytes, ({ part, offset, length }) => part.cache(offset, length)),
    extents: (at, bytes, requestOne) => extents(piecesOf(parts, at, bytes), requestOne),
    close: () => onAll((part) => part.close()),
  };
}

function* piecesOf(parts: readonly CompleteHandle[], offset: bigint, length: number): Generator<Piece> {
  const end = offset + BigInt(length);
  let start = 0n;
  for (const part of parts) {
    const from = offset > start ? offset : start;
    const to = end < start + part.size ? end : start + part.size;
    if (from < to) {
      yield { part, offset: from - start, length: Number(to - from), before: Number(from - offset) };
    }
    start += part.size;
  }
}

async function extents(pieces: Iterable<Piece>, requestOne: boolean): Promise<readonly Extent[]> {
  const found: Extent[] = [];
  for (const { part, offset, length } of pieces) {
    const range = { length: BigInt(length), block: 1n, requestOne };
    const own = clipExtents(await part.extents(offset, length, requestOne), range);
    found.push(...own);
    // Stop when the part's answer ends early: extents must have no gap between them.
    if (requestOne || own.reduce((sum, extent) => sum + extent.length, 0n) < range.length) break;
  }
  return found;
}
