/** A part of a block, from `start` to before `end`, and whether all its bytes are zero. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly zero: boolean;
}

/**
 * Splits a block into runs of zeroes and runs of other data.
 *
 * @param offset where the block begins on the disk; bytes
 * @param grain a run of zeroes consists of whole units of this many bytes, counted from the start of the
 *   disk; 0 finds no zeroes
 */
export function findRuns(bytes: Buffer, offset: bigint, grain: number): Run[] {
  // A unit longer than the block cannot be all zero here. Units may be gibibytes, so no zero buffer of that
  // size is made to compare with.
  if (grain === 0 || grain > bytes.length) return [{ start: 0, end: bytes.length, zero: false }];
  const runs: { start: number; end: number; zero: boolean }[] = [];
  const zeroes = zeroBytes(grain);
  let end: number;
  for (let start = 0; start < bytes.length; start = end) {
    end = Math.min(bytes.length, start + grain - (start === 0 ? Number(offset % BigInt(grain)) : 0));
    const zero = end - start === grain && isZero(bytes, start, end, zeroes);
    const last = runs.at(-1);
    if (last?.zero === zero) last.end = end;
    else runs.push({ start, end, zero });
  }
  return runs;
}

function isZero(bytes: Buffer, start: number, end: number, zeroes: Buffer): boolean {
  // Check the first byte before calling `compare`: most data differs there, and the check is cheaper than the
  // call.
  return bytes[start] === 0 && bytes.compare(zeroes, 0, end - start, start, end) === 0;
}

let shared: Buffer = Buffer.alloc(4096);

/** Returns a shared buffer of zeroes; callers must not write into it. */
export function zeroBytes(length: number): Buffer {
  if (shared.length < length) shared = Buffer.alloc(length);
  return shared.subarray(0, length);
}

/** Compared at once; a larger piece would make {@link zeroBytes} keep a buffer of that size. */
const comparedBytes = 64 * 1024;

/** Whether all bytes are 0. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += comparedBytes) {
    const piece = bytes.subarray(at, at + comparedBytes);
    if (piece[0] !== 0 || zeroBytes(piece.length).compare(piece) !== 0) return false;
  }
  return true;
}
