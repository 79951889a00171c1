import assert from "node:assert/strict";

/**
 * Bytes that no pattern of the checks has. Where one of them is read from a disk, it tells which buffer it comes from, and so
 * what the plugin or filter did with that buffer.
 */
export const marks = {
  /** In the buffer of a read, before the call. */
  unfilled: 0xf1,
  /** The same in a second read of the same range. */
  unfilledAgain: 0xf2,
  /** In the buffer of a read, after the call has been answered. */
  afterRead: 0xf3,
  /** In the buffer of a write, after the call has been answered. */
  afterWrite: 0xf4,
  /** Beside the buffer, in the same ArrayBuffer. */
  beside: 0xf5,
} as const;

/** Patterns have bytes from 1 to this. */
export const patternMax = 0xf0;

const stories: ReadonlyMap<number, string> = new Map([
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

/** Where a wrong byte comes from; empty when only its value is known to be wrong. */
export function storyOf(byte: number): string {
  const story = stories.get(byte);
  return story === undefined ? "" : `: ${story}`;
}

/** Bytes that differ from their neighbours, from the blocks around them, and from seed to seed. None is 0. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++)
    bytes[index] = 1 + ((index * 7 + (index >> 9) * 11 + seed * 31) % patternMax);
  return bytes;
}

/** Whether all bytes are this one. Much faster than to look at each, as a buffer of equal bytes is its own part from the second one. */
export function isFilled(bytes: Buffer, byte: number): boolean {
  if (bytes.length === 0) return true;
  return bytes[0] === byte && bytes.compare(bytes, 0, bytes.length - 1, 1) === 0;
}

/** Room on either side of a buffer that is lent. */
const besideBytes = 16;

/** A buffer as the server lends it: a part of a larger one, and in use for something else once the call has been answered. */
export class LentBuffer {
  readonly bytes: Buffer;
  readonly #room: Buffer;

  constructor(length: number) {
    this.#room = Buffer.alloc(length + 2 * besideBytes, marks.beside);
    this.bytes = this.#room.subarray(besideBytes, besideBytes + length);
  }

  /** @param what the call, in words. @throws AssertionError when bytes beside the buffer have changed */
  checkBeside(what: string): void {
    const sides = [this.#room.subarray(0, besideBytes), this.#room.subarray(-besideBytes)];
    const isClean = sides.every((side) => isFilled(side, marks.beside));
    assert.ok(isClean, `${what} changed bytes beside its buffer: use byteOffset along with \`buffer\``);
  }
}
