import type { Handle, HandleChanges } from "../../contract/handle.ts";
import { must } from "../../core/assert.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import { firstEndingAfter } from "../../core/first-ending-after.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { clipExtents, lengthOf } from "../../served/extents.ts";
import type { Segment } from "./rules.ts";

/** A part of a request, which lies in one segment. */
interface Piece {
  /** Where the part is on the disk below; bytes. */
  readonly place: bigint;
  readonly length: number;
  /** Where the part begins in the request; bytes. */
  readonly at: number;
  readonly rule: string;
}

/** Returns the changes of a filter that sends each byte of a request to its place on the disk below. */
export function mapping(next: Handle, segments: readonly Segment[]): HandleChanges {
  const { read, write, trim, zero, cache, extents, readNow, writeNow } = applyChanges(next, {});
  const piecesOf = (offset: bigint, length: number): readonly Piece[] =>
    pieces(segments, offset, length).map((piece) => checked(next, piece));
  /** The place of a request that needs no splitting, for the fast path; -1 otherwise. */
  const placeOf = (offset: number, length: number): number => {
    const [piece, ...others] = pieces(segments, BigInt(offset), length);
    if (piece === undefined || others.length > 0 || !isOn(next, piece)) return -1;
    return Number(piece.place);
  };
  return {
    read: (into, offset) =>
      each(piecesOf(offset, into.length), ({ at, length, place }) =>
        read(into.subarray(at, at + length), place),
      ),
    readNow:
      readNow &&
      ((buffer, start, end, offset) => {
        const place = placeOf(offset, end - start);
        return place >= 0 && readNow(buffer, start, end, place);
      }),
    write:
      write &&
      ((from, offset, flags) =>
        each(piecesOf(offset, from.length), ({ at, length, place }) =>
          write(from.subarray(at, at + length), place, flags),
        )),
    writeNow:
      writeNow &&
      ((buffer, start, end, offset) => {
        const place = placeOf(offset, end - start);
        return place >= 0 && writeNow(buffer, start, end, place);
      }),
    trim:
      trim &&
      ((offset, length, flags) =>
        each(piecesOf(offset, length), (piece) => trim(piece.place, piece.length, flags))),
    zero:
      zero &&
      ((offset, length, flags) =>
        each(piecesOf(offset, length), (piece) => zero(piece.place, piece.length, flags))),
    cache:
      cache &&
      ((offset, length) => each(piecesOf(offset, length), (piece) => cache(piece.place, piece.length))),
    extents:
      extents &&
      (async (offset, length, requestOne) => {
        const found: Extent[] = [];
        for (const piece of piecesOf(offset, length)) {
          const range = { length: BigInt(piece.length), block: 1n, requestOne };
          const part = clipExtents(await extents(piece.place, piece.length, requestOne), range);
          found.push(...part);
          if (requestOne || lengthOf(part) < range.length) break;
        }
        return found;
      }),
  };
}

function pieces(segments: readonly Segment[], offset: bigint, length: number): readonly Piece[] {
  const found: Piece[] = [];
  let index = firstEndingAfter(segments, offset);
  for (let at = 0; at < length; index++) {
    const segment = must(segments[index]);
    const start = offset + BigInt(at);
    const left = segment.offset + segment.length - start;
    const bytes = left < length - at ? Number(left) : length - at;
    found.push({ place: start + segment.shift, length: bytes, at, rule: segment.rule });
    at += bytes;
  }
  return found;
}

function isOn({ size }: Handle, { place, length }: Piece): boolean {
  return place + BigInt(length) <= size;
}

/** @throws NbdError EIO */
function checked(next: Handle, piece: Piece): Piece {
  if (isOn(next, piece)) return piece;
  throw new NbdError("EIO", `I/O access beyond end of plugin (from rule: ${piece.rule})`);
}

/** A request of one piece is sent on as it is, without a promise of our own. */
function each(found: readonly Piece[], perform: (piece: Piece) => MaybePromise<void>): MaybePromise<void> {
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 ? perform(only) : inTurn(found, perform);
}

async function inTurn(found: readonly Piece[], perform: (piece: Piece) => MaybePromise<void>): Promise<void> {
  for (const piece of found) await perform(piece);
}
