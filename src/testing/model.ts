import assert from "node:assert/strict";
import type { ServedExport } from "../backend/served-export.ts";
import { codeOf } from "../core/errors.ts";

/** Bytes of a disk that a test works on; all of it where it is small. */
export interface Window {
  readonly start: bigint;
  readonly length: number;
}

/** Offsets of the fast ways of reading and writing are numbers. */
const numbersEnd: bigint = 2n ** 53n;

/**
 * What becomes of changes: they can be read back, they succeed and have no effect, or they fail (some at least) and
 * have no effect.
 */
export type Writes = "kept" | "discarded" | "refused";

/** What a part of a disk must read as: a plain array, changed along with the disk. */
export class Model {
  readonly window: Window;
  readonly #bytes: Uint8Array;
  /** Trimmed and not written since: such a byte may read as zero. */
  readonly #mayBeZero: Uint8Array;
  readonly writes: Writes;

  private constructor(window: Window, bytes: Uint8Array, writes: Writes) {
    this.window = window;
    this.#bytes = bytes;
    this.#mayBeZero = new Uint8Array(bytes.length);
    this.writes = writes;
  }

  /** Starts from what the disk holds now. */
  static async of(disk: ServedExport, window: Window, writes: Writes = "kept"): Promise<Model> {
    const bytes = Buffer.alloc(window.length);
    await disk.read(bytes, window.start);
    return new Model(window, bytes, writes);
  }

  write(from: Uint8Array, at: number): void {
    if (this.writes !== "kept") return;
    this.#bytes.set(from, at);
    this.#mayBeZero.fill(0, at, at + from.length);
  }

  zero(at: number, length: number): void {
    this.write(new Uint8Array(length), at);
  }

  trim(at: number, length: number): void {
    if (this.writes !== "kept") return;
    this.#mayBeZero.fill(1, at, at + length);
  }

  /** Reads the range from the disk, in both ways, into buffers that were full of something else. */
  async check(disk: ServedExport, at: number, length: number): Promise<void> {
    const offset = this.window.start + BigInt(at);
    const got = Buffer.alloc(length, 0xa5);
    await disk.read(got, offset);
    this.#compare(got, at);
    const room = Buffer.alloc(length + 2, 0xa5);
    if (offset >= numbersEnd || !disk.readNow(room, 1, length + 1, Number(offset))) return;
    this.#compare(room.subarray(1, length + 1), at);
    assert.equal(room[0]! & room[length + 1]!, 0xa5, "readNow leaves the bytes around it alone");
  }

  /** Changes the disk too; now and then in the fast way, where it has one. */
  async store(disk: ServedExport, at: number, bytes: Uint8Array, fua: boolean): Promise<void> {
    const offset = this.window.start + BigInt(at);
    const room = Buffer.concat([Buffer.alloc(1), bytes, Buffer.alloc(1)]);
    const lent = Buffer.from(bytes);
    const fast = !fua && bytes.length % 2 === 1 && offset < numbersEnd;
    if (!fast || !disk.writeNow(room, 1, bytes.length + 1, Number(offset)))
      await disk.write(lent, offset, fua);
    // Whoever keeps what was only lent finds something else in it.
    for (const buffer of [room, lent]) buffer.fill(0xa5);
    this.write(bytes, at);
  }

  checkAll(disk: ServedExport): Promise<void> {
    return this.check(disk, 0, this.window.length);
  }

  #compare(got: Buffer, at: number): void {
    const wrong = got.findIndex((byte, index) => !this.#allows(byte, at + index));
    if (wrong < 0) return;
    const where = this.window.start + BigInt(at + wrong);
    assert.fail(`byte ${where} reads as ${got[wrong]} and should be ${this.#bytes[at + wrong]}`);
  }

  #allows(byte: number, at: number): boolean {
    return byte === this.#bytes[at] || (byte === 0 && this.#mayBeZero[at] === 1);
  }
}

/** The first and the last bytes of a disk, or all of it. */
export function windowsOf(size: bigint, lengthMax: number = 256 * 1024): readonly Window[] {
  if (size <= BigInt(lengthMax)) return [{ start: 0n, length: Number(size) }];
  return [
    { start: 0n, length: lengthMax },
    { start: size - BigInt(lengthMax), length: lengthMax },
  ];
}

/** Bytes that differ from their neighbours and from run to run of `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + ((index * 7 + seed * 31) % 255));
}

/** Walks the extents of a range as a client does that asks again from where an answer ended. */
export async function allExtents(
  disk: ServedExport,
  { start, length }: Window,
  requestOne: boolean,
): Promise<readonly { at: number; length: number; hole: boolean; zero: boolean }[]> {
  const found = [];
  for (let at = 0; at < length; ) {
    const answer = await disk.extents(start + BigInt(at), length - at, requestOne);
    assert.ok(answer.length > 0, "an answer has at least one extent");
    if (requestOne) assert.equal(answer.length, 1, "one extent was asked for");
    for (const extent of answer) {
      found.push({ ...extent, at, length: Number(extent.length) });
      at += Number(extent.length);
    }
    assert.ok(at <= length, "extents end with the range");
  }
  return found;
}

/** @returns false when a fast zero is not possible, which is the one thing that it may refuse */
export async function zeroes(
  disk: ServedExport,
  offset: bigint,
  length: number,
  flags: { fua: boolean; mayTrim: boolean; fastZero: boolean },
): Promise<boolean> {
  try {
    await disk.zero(offset, length, flags);
    return true;
  } catch (error) {
    assert.ok(flags.fastZero, String(error));
    assert.equal(codeOf(error), "ENOTSUP");
    return false;
  }
}
