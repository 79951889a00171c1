import { NbdError } from "../../core/errors.ts";
import { formatSize, sizeMax } from "../../core/size.ts";
import { zeroBytes } from "../../core/zero-runs.ts";

/**
 * A description of bytes that is not yet expanded: a terabyte of ones is stored as one byte and a count.
 * Bytes that no part describes are zero.
 */
export interface Content {
  /** bytes */
  readonly size: bigint;
  /** The most memory in bytes that the expanded content takes; 0 if all of it is zero. */
  readonly weight: bigint;
  /**
   * The part from `from` to `to` as strokes. Later strokes overwrite earlier ones. `shift` is added to each
   * offset.
   */
  strokes(from: bigint, to: bigint, shift: bigint): Generator<Stroke>;
}

/** Bytes at an offset, or a number of zeroes. */
export interface Stroke {
  readonly at: bigint;
  readonly bytes: Uint8Array | bigint;
}

/** Content at an offset. */
export interface Piece {
  readonly at: bigint;
  readonly content: Content;
}

/** The size of a page of memory in bytes. A single byte takes a whole page. */
const pageBytes = 4096n;

/** Repeated content is written in blocks of about this many bytes. */
const blockBytes = 1024 * 1024;

export function literal(bytes: Uint8Array): Content {
  const size = BigInt(bytes.length);
  return {
    size,
    weight: isZero(bytes) ? 0n : size,
    *strokes(from, to, shift) {
      if (from < to) yield { at: from + shift, bytes: bytes.subarray(Number(from), Number(to)) };
    },
  };
}

export function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, zeroBytes(bytes.length)) === 0;
}

/** Pieces on a disk of `size` bytes. Later pieces overwrite earlier ones. */
export function layers(pieces: readonly Piece[], size: bigint): Content {
  const taken = pieces.reduce((sum, { content }) => sum + (content.weight && content.weight + pageBytes), 0n);
  const covered = isCovered(pieces, size);
  return {
    size: checkSize(size),
    weight: taken < size ? taken : size,
    *strokes(from, to, shift) {
      if (!covered && from < to) yield { at: from + shift, bytes: to - from };
      for (const { at, content } of pieces) {
        const [start, end] = [from > at ? from - at : 0n, to < at + content.size ? to - at : content.size];
        if (start < end) yield* content.strokes(start, end, shift + at);
      }
    },
  };
}

function isCovered(pieces: readonly Piece[], size: bigint): boolean {
  let end = 0n;
  for (const { at, content } of pieces) {
    if (at > end) return false;
    if (at + content.size > end) end = at + content.size;
  }
  return end >= size;
}

export function repeated(content: Content, count: bigint): Content {
  const size = checkSize(content.size * count);
  const taken = content.size <= pageBytes ? size : count * (content.weight + pageBytes);
  return {
    size,
    weight: content.weight === 0n || taken > size ? content.weight && size : taken,
    strokes(from, to, shift) {
      if (content.weight === 0n) return zeroes(from, to, shift);
      const isSmall = content.size * 2n <= blockBytes;
      return copies(isSmall ? block(content, to - from) : content, from, to, shift);
    },
  };
}

function* zeroes(from: bigint, to: bigint, shift: bigint): Generator<Stroke> {
  if (from < to) yield { at: from + shift, bytes: to - from };
}

function* copies(content: Content, from: bigint, to: bigint, shift: bigint): Generator<Stroke> {
  for (let start = from - (from % content.size); start < to; start += content.size) {
    const [first, last] = [
      from > start ? from - start : 0n,
      to < start + content.size ? to - start : content.size,
    ];
    yield* content.strokes(first, last, shift + start);
  }
}

/** One block with several copies of the content: as many as fit, or as many as are needed. */
function block(content: Content, needed: bigint): Content {
  const size = Number(content.size);
  const copies = Math.min(Math.floor(blockBytes / size), Math.ceil(Number(needed) / size) + 1);
  const bytes = Buffer.alloc(size * copies, renderSmall(content));
  return literal(bytes);
}

function renderSmall(content: Content): Buffer {
  const bytes = Buffer.alloc(Number(content.size));
  for (const { at, bytes: stroke } of content.strokes(0n, content.size, 0n)) {
    if (typeof stroke === "bigint") bytes.fill(0, Number(at), Number(at + stroke));
    else bytes.set(stroke, Number(at));
  }
  return bytes;
}

/**
 * The bytes from `from` to `to`.
 * @throws NbdError EINVAL when the range is not within the content
 */
export function slice(content: Content, from: bigint, to: bigint = content.size): Content {
  if (from > to || to > content.size) {
    throw new NbdError(
      "EINVAL",
      `[N:M] does not describe a valid slice: [${from}:${to}] of ${content.size} bytes`,
    );
  }
  const size = to - from;
  return {
    size,
    weight: content.weight < size ? content.weight : size,
    strokes: (first, last, shift) => content.strokes(first + from, last + from, shift - from),
  };
}

function checkSize(size: bigint): bigint {
  if (size <= sizeMax) return size;
  throw new NbdError("EOVERFLOW", `data parameter: ${formatSize(size)} is larger than any disk can be`);
}
