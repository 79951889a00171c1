import type { Handle, HandleChanges } from "../../contract/handle.ts";
import type { Extent } from "../../core/extent.ts";
import { firstEndingAfter } from "../../core/first-ending-after.ts";
import { applyChanges } from "../../kit/apply-changes.ts";

/** A range of a sparse file, and `at`, its offset in the tar file. */
export interface Piece {
  readonly offset: bigint;
  readonly length: bigint;
  readonly at: bigint;
}

/** A sparse file inside a tar file. It is read-only, because its holes occupy no space in the tar file. */
export function sparseDisk(next: Handle, size: bigint, pieces: readonly Piece[]): HandleChanges {
  const { read } = applyChanges(next, {});
  return {
    size,
    async read(into, offset) {
      into.fill(0);
      for (const { piece, from, to } of within(pieces, offset, into.length)) {
        const part = into.subarray(Number(from - offset), Number(to - offset));
        await read(part, piece.at + (from - piece.offset));
      }
    },
    extents: (offset, length) => extents(pieces, offset, length),
    cacheByReading: next.cache !== undefined || next.cacheByReading === true,
    write: undefined,
    trim: undefined,
    zero: undefined,
    cache: undefined,
    metaContexts: undefined,
  };
}

/** The pieces that overlap a range, each with its part inside the range. */
function* within(
  pieces: readonly Piece[],
  offset: bigint,
  length: number,
): Generator<{ readonly piece: Piece; readonly from: bigint; readonly to: bigint }> {
  const end = offset + BigInt(length);
  for (let index = firstEndingAfter(pieces, offset); ; index++) {
    const piece = pieces[index];
    if (piece === undefined || piece.offset >= end) return;
    const pieceEnd = piece.offset + piece.length;
    yield {
      piece,
      from: piece.offset > offset ? piece.offset : offset,
      to: pieceEnd < end ? pieceEnd : end,
    };
  }
}

function extents(pieces: readonly Piece[], offset: bigint, length: number): readonly Extent[] {
  const found: Extent[] = [];
  let at = offset;
  for (const { from, to } of within(pieces, offset, length)) {
    found.push(
      { length: from - at, hole: true, zero: true },
      { length: to - from, hole: false, zero: false },
    );
    at = to;
  }
  return [...found, { length: offset + BigInt(length) - at, hole: true, zero: true }];
}
