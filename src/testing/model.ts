import assert from "node:assert/strict";
import { must } from "../core/assert.ts";
import type { TestClient, ZeroRequest } from "./client.ts";
import { explain, marks } from "./marks.ts";
import type { Writes } from "./subject.ts";

/** The range of a disk that a check uses; the whole disk where it is small. */
export interface Window {
  readonly start: bigint;
  readonly length: number;
}

/**
 * The expected content of a part of a disk: a plain array that changes along with the disk. Positions are
 * counted from the start of the part.
 */
export class Model {
  readonly window: Window;
  readonly writes: Writes;
  readonly #bytes: Buffer;
  /** 1 for each byte that was trimmed and not written since, and may therefore read as zero. */
  readonly #mayBeZero: Buffer;
  /** 1 for each byte that a check wrote, and did not zero or trim since. */
  readonly #written: Buffer;
  #trims = 0;

  private constructor(window: Window, bytes: Buffer, writes: Writes) {
    this.window = window;
    this.writes = writes;
    this.#bytes = bytes;
    this.#mayBeZero = Buffer.alloc(bytes.length);
    this.#written = Buffer.alloc(bytes.length);
  }

  /**
   * Starts from the current content of the disk. Two reads with different marks show whether a read leaves
   * bytes of its buffer unfilled.
   */
  static async of(client: TestClient, window: Window, writes: Writes): Promise<Model> {
    const { start, length } = window;
    const bytes = await client.read(start, length, marks.unfilled);
    const again = await client.read(start, length, marks.unfilledAgain);
    const wrong = firstDifference(bytes, again, (at) => bytes[at] === again[at]);
    if (wrong >= 0) {
      const reason = bytes[wrong] === marks.unfilled ? explain(marks.unfilled) : explain(must(again[wrong]));
      assert.fail(
        `byte ${start + BigInt(wrong)} reads as ${bytes[wrong]}, and then as ${again[wrong]}, without a change${reason}`,
      );
    }
    return new Model(window, bytes, writes);
  }

  /** Returns a copy of the current state. */
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

  /** Returns the offset of a position on the disk. */
  offset(at: number): bigint {
    return this.window.start + BigInt(at);
  }

  async write(client: TestClient, at: number, bytes: Uint8Array, fua: boolean = false): Promise<void> {
    await client.write(this.offset(at), bytes, fua);
    this.#set(at, bytes, 1);
  }

  /**
   * Zeroes a range of the disk and of the model.
   *
   * @returns false where the disk refused a fast zero
   */
  async zero(client: TestClient, at: number, length: number, request: ZeroRequest): Promise<boolean> {
    const isDone = await client.zero(this.offset(at), length, request);
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
    const byte = must(got[wrong]);
    assert.fail(
      `byte ${this.offset(at + wrong)} reads as ${byte} and should be ${this.#bytes[at + wrong]}${explain(byte)}`,
    );
  }

  /** Compares a range and its surroundings, which must not have changed. */
  async checkAround(client: TestClient, at: number, length: number): Promise<void> {
    const around = Math.max(aroundBytes, client.unit);
    const start = Math.max(0, at - around);
    await this.check(client, start, Math.min(this.length, at + length + around) - start);
  }

  checkAll(client: TestClient): Promise<void> {
    return this.check(client, 0, this.length);
  }

  /** Whether the range may contain these bytes. */
  allows(bytes: Buffer, at: number): boolean {
    return this.#firstWrong(bytes, at) < 0;
  }

  /** Returns the position of the first byte of the range that was written and not zeroed; -1 for none. */
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

/**
 * More than a page. This number and the block sizes of disks are powers of 2, so the larger one is a multiple
 * of the other.
 */
const aroundBytes = 8192;

function firstDifference(one: Buffer, other: Buffer, allows: (index: number) => boolean): number {
  if (one.equals(other)) return -1;
  for (let index = 0; index < one.length; index++) if (!allows(index)) return index;
  return -1;
}

/** Returns the first and the last bytes of a disk, in whole blocks, or the whole disk. */
export function windowsOf({ size, unit }: TestClient, lengthMax: number): readonly Window[] {
  // Blocks have at most 64 KiB, so at least two of them fit.
  const length = Math.max(lengthMax - (lengthMax % unit), 2 * unit);
  if (size <= BigInt(length)) return [{ start: 0n, length: Number(size) }];
  return [
    { start: 0n, length },
    { start: size - BigInt(length), length },
  ];
}
