import assert from "node:assert/strict";

/**
 * Byte values that no pattern of the checks contains. When a disk returns one of them, the value shows which
 * buffer it comes from, and so what the plugin or filter did with that buffer.
 */
export const marks = {
  /** In the buffer of a read before the call. */
  unfilled: 0xf1,
  /** In the buffer of a second read of the same range, before the call. */
  unfilledAgain: 0xf2,
  /** In the buffer of a read after the call has been answered. */
  afterRead: 0xf3,
  /** In the buffer of a write after the call has been answered. */
  afterWrite: 0xf4,
  /** Beside the buffer, in the same ArrayBuffer. */
  beside: 0xf5,
} as const;

/** Patterns contain bytes from 1 to this value. */
export const patternMax = 0xf0;

const explanations: ReadonlyMap<number, string> = new Map([
  [marks.unfilled, "a read left this byte of its buffer unfilled: `read` fills all of `into`"],
  [marks.unfilledAgain, "a read left this byte of its buffer unfilled: `read` fills all of `into`"],
  [
    marks.afterRead,
    "the buffer of a read was kept and used after the read had been answered: copy what you keep, with Buffer.from(into)",
  ],
  [
    marks.afterWrite,
    "the buffer of a write was kept and used after the write had been answered: copy what you keep, with Buffer.from(from)",
  ],
  [
    marks.beside,
    "this byte lies beside the buffer, in the same ArrayBuffer: use byteOffset and byteLength along with `buffer`",
  ],
]);

/** Explains where a wrong byte comes from; empty when the value alone does not show it. */
export function explain(byte: number): string {
  const explanation = explanations.get(byte);
  return explanation === undefined ? "" : `: ${explanation}`;
}

/** Returns bytes that differ from their neighbours, between blocks, and between seeds. None is 0. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++)
    bytes[index] = 1 + ((index * 7 + (index >> 9) * 11 + seed * 31) % patternMax);
  return bytes;
}

/**
 * Whether all bytes have this value. Comparing the buffer with itself, shifted by one byte, is much faster
 * than a loop.
 */
export function isFilled(bytes: Buffer, byte: number): boolean {
  if (bytes.length === 0) return true;
  return bytes[0] === byte && bytes.compare(bytes, 0, bytes.length - 1, 1) === 0;
}

/** The number of extra bytes on either side of a borrowed buffer. */
const besideBytes = 16;

/**
 * A borrowed buffer as the server passes it: a part of a larger buffer that is reused once the call has been
 * answered.
 */
export class BorrowedBuffer {
  readonly bytes: Buffer;
  readonly #room: Buffer;

  constructor(length: number) {
    this.#room = Buffer.alloc(length + 2 * besideBytes, marks.beside);
    this.bytes = this.#room.subarray(besideBytes, besideBytes + length);
  }

  /**
   * @param what name of the call, for the message
   * @throws AssertionError when bytes beside the buffer have changed
   */
  checkBeside(what: string): void {
    const sides = [this.#room.subarray(0, besideBytes), this.#room.subarray(-besideBytes)];
    const isClean = sides.every((side) => isFilled(side, marks.beside));
    assert.ok(isClean, `${what} changed bytes beside its buffer: use byteOffset along with \`buffer\``);
  }
}
