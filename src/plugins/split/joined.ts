import type { Handle, WriteFlags, ZeroFlags } from "../../contract/handle.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { clipExtents } from "../../served/extents.ts";

/** What a range of the whole is in one of the parts. */
interface Piece {
  readonly part: Handle;
  /** Within the part. */
  readonly offset: bigint;
  readonly length: number;
  /** How many bytes of the range lie before it. */
  readonly before: number;
}

/** Disks one behind the other as one disk. All can be written, or none. */
export function joined(parts: readonly Handle[]): Handle {
  const inTurn = async (
    offset: bigint,
    length: number,
    perform: (piece: Piece) => MaybePromise<void>,
  ): Promise<void> => {
    for (const piece of piecesOf(parts, offset, length)) await perform(piece);
  };
  const cut = (bytes: Uint8Array, { before, length }: Piece): Uint8Array =>
    bytes.subarray(before, before + length);
  const onAll = async (perform: (part: Handle) => MaybePromise<void>): Promise<void> => {
    // All at once, so that the failure of one spares the others nothing.
    await Promise.all(parts.map(perform));
  };
  const changes = {
    write: (from: Uint8Array, at: bigint, flags: WriteFlags) =>
      inTurn(at, from.length, (piece) => piece.part.write!(cut(from, piece), piece.offset, flags)),
    trim: (at: bigint, bytes: number, flags: WriteFlags) =>
      inTurn(at, bytes, ({ part, offset, length }) => part.trim!(offset, length, flags)),
    // One that cannot do it makes the server write zeroes over all of it.
    zero: (at: bigint, bytes: number, flags: ZeroFlags) =>
      inTurn(at, bytes, ({ part, offset, length }) => part.zero!(offset, length, flags)),
  };
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0n),
    identity: parts.map(({ identity }) => identity).join(" and "),
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: (into, at) => inTurn(at, into.length, (piece) => piece.part.read(cut(into, piece), piece.offset)),
    ...(parts.every(({ write }) => write !== undefined) && changes),
    flush: () => onAll((part) => part.flush?.()),
    cache: (at, bytes) => inTurn(at, bytes, ({ part, offset, length }) => part.cache?.(offset, length)),
    extents: (at, bytes, requestOne) => extents(piecesOf(parts, at, bytes), requestOne),
    close: () => onAll((part) => part.close?.()),
  };
}

function* piecesOf(parts: readonly Handle[], offset: bigint, length: number): Generator<Piece> {
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
    const data = [{ length: range.length, hole: false, zero: false }];
    const own = clipExtents((await part.extents?.(offset, length, requestOne)) ?? data, range);
    found.push(...own);
    // An answer may end early, and then so does this one.
    if (requestOne || own.reduce((sum, extent) => sum + extent.length, 0n) < range.length) break;
  }
  return found;
}
