/** Part of a block: where it begins in it, and whether it is all zeroes. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly zero: boolean;
}

/**
 * Parts a block into runs of zeroes and runs of anything else.
 * @param grain only whole units of this many bytes, counted from the start of the disk, can be zeroes; 0 for never
 */
export function findRuns(bytes: Buffer, offset: bigint, grain: number): Run[] {
  // Units that are longer than the block may be gibibytes, of which no zeroes need be kept to compare with.
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
  // Most data shows in its first byte, and looking is cheaper than calling.
  return bytes[start] === 0 && bytes.compare(zeroes, 0, end - start, start, end) === 0;
}

let shared: Buffer = Buffer.alloc(4096);

/** At least that many zeroes; nobody writes into them. */
export function zeroBytes(length: number): Buffer {
  if (shared.length < length) shared = Buffer.alloc(length);
  return shared.subarray(0, length);
}

/** Large pieces would make {@link zeroBytes} keep as much. */
const comparedBytes = 64 * 1024;

/** Whether all bytes are 0. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += comparedBytes) {
    const piece = bytes.subarray(at, at + comparedBytes);
    if (piece[0] !== 0 || zeroBytes(piece.length).compare(piece) !== 0) return false;
  }
  return true;
}
