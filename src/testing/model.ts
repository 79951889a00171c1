import assert from "node:assert/strict";
import type { TestClient, ZeroWishes } from "./client.ts";
import { marks, storyOf } from "./marks.ts";
import type { Writes } from "./subject.ts";

/** Bytes of a disk that a check works on; all of it where it is small. */
export interface Window {
  readonly start: bigint;
  readonly length: number;
}

/** What a part of a disk must read as: a plain array, changed along with the disk. Positions are counted from its start. */
export class Model {
  readonly window: Window;
  readonly writes: Writes;
  readonly #bytes: Buffer;
  /** Trimmed and not written since: such a byte may read as zero. */
  readonly #mayBeZero: Buffer;
  /** Written by a check, and not zeroed or trimmed since. */
  readonly #written: Buffer;
  #trims = 0;

  private constructor(window: Window, bytes: Buffer, writes: Writes) {
    this.window = window;
    this.writes = writes;
    this.#bytes = bytes;
    this.#mayBeZero = Buffer.alloc(bytes.length);
    this.#written = Buffer.alloc(bytes.length);
  }

  /** Starts from what the disk holds now, which is read twice: a byte that no read fills shows what was in the buffer before. */
  static async of(client: TestClient, window: Window, writes: Writes): Promise<Model> {
    const { start, length } = window;
    const bytes = await client.read(start, length, marks.unfilled);
    const again = await client.read(start, length, marks.unfilledAgain);
    const wrong = firstDifference(bytes, again, (at) => bytes[at] === again[at]);
    if (wrong >= 0) {
      const story = bytes[wrong] === marks.unfilled ? storyOf(marks.unfilled) : storyOf(again[wrong]!);
      assert.fail(
        `byte ${start + BigInt(wrong)} reads as ${bytes[wrong]}, and then as ${again[wrong]}, without a change${story}`,
      );
    }
    return new Model(window, bytes, writes);
  }

  /** The same as it is now. */
  copy(): Model {
    const model = new Model(this.window, Buffer.from(this.#bytes), this.writes);
    this.#mayBeZero.copy(model.#mayBeZero);
    this.#written.copy(model.#written);
    model.#trims = this.#trims;
    return model;
  }

  get length(): number {
    return this.window.length;
  }

  /** Where a position is on the disk. */
  offset(at: number): bigint {
    return this.window.start + BigInt(at);
  }

  async write(client: TestClient, at: number, bytes: Uint8Array, fua: boolean = false): Promise<void> {
    await client.write(this.offset(at), bytes, fua);
    this.#set(at, bytes, 1);
  }

  /** @returns false where a fast zero was refused */
  async zero(client: TestClient, at: number, length: number, wishes: ZeroWishes): Promise<boolean> {
    const isDone = await client.zero(this.offset(at), length, wishes);
    if (isDone) this.#set(at, new Uint8Array(length), 0);
    return isDone;
  }

  async trim(client: TestClient, at: number, length: number, fua: boolean = false): Promise<void> {
    await client.trim(this.offset(at), length, fua);
    if (this.writes !== "kept") return;
    this.#trims++;
    this.#mayBeZero.fill(1, at, at + length);
    this.#written.fill(0, at, at + length);
  }

  /** Reads a range and compares it. */
  async check(client: TestClient, at: number, length: number): Promise<void> {
    const got = await client.read(this.offset(at), length);
    const wrong = this.#firstWrong(got, at);
    if (wrong < 0) return;
    const byte = got[wrong]!;
    assert.fail(
      `byte ${this.offset(at + wrong)} reads as ${byte} and should be ${this.#bytes[at + wrong]}${storyOf(byte)}`,
    );
  }

  /** A range and what lies around it, which must have stayed as it was. */
  async checkAround(client: TestClient, at: number, length: number): Promise<void> {
    const around = Math.max(aroundBytes, client.unit);
    const start = Math.max(0, at - around);
    await this.check(client, start, Math.min(this.length, at + length + around) - start);
  }

  checkAll(client: TestClient): Promise<void> {
    return this.check(client, 0, this.length);
  }

  /** Whether these bytes may be those of the range. */
  allows(bytes: Buffer, at: number): boolean {
    return this.#firstWrong(bytes, at) < 0;
  }

  /** The first byte of the range that was written and is not zero; -1 for none. */
  firstWritten(at: number, length: number): number {
    const found = this.#written.subarray(at, at + length).indexOf(1);
    return found < 0 ? -1 : at + found;
  }

  #set(at: number, bytes: Uint8Array, written: number): void {
    if (this.writes !== "kept") return;
    this.#bytes.set(bytes, at);
    this.#mayBeZero.fill(0, at, at + bytes.length);
    this.#written.fill(written, at, at + bytes.length);
  }

  #firstWrong(got: Buffer, at: number): number {
    const expected = this.#bytes.subarray(at, at + got.length);
    const mayBeZero = (index: number): boolean =>
      this.#trims > 0 && got[index] === 0 && this.#mayBeZero[at + index] === 1;
    return firstDifference(got, expected, (index) => got[index] === expected[index] || mayBeZero(index));
  }
}

/** More than a page; this and the block sizes of disks are powers of 2, so that the larger of them is a multiple of the other. */
const aroundBytes = 8192;

function firstDifference(one: Buffer, other: Buffer, allows: (index: number) => boolean): number {
  if (one.equals(other)) return -1;
  for (let index = 0; index < one.length; index++) if (!allows(index)) return index;
  return -1;
}

/** The first and the last bytes of a disk, or all of it; whole blocks. */
export function windowsOf({ size, unit }: TestClient, lengthMax: number): readonly Window[] {
  // Blocks have at most 64 KiB, so that several of them fit.
  const length = Math.max(lengthMax - (lengthMax % unit), 2 * unit);
  if (size <= BigInt(length)) return [{ start: 0n, length: Number(size) }];
  return [
    { start: 0n, length },
    { start: size - BigInt(length), length },
  ];
}
