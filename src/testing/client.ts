import assert from "node:assert/strict";
import { codeOf } from "../core/errors.ts";
import type { Extent } from "../core/extent.ts";
import type { Gate } from "../core/gate.ts";
import type { ServedExport } from "../served/served-export.ts";
import { BorrowedBuffer, marks } from "./marks.ts";
import { ReturnedBuffers } from "./returned-buffers.ts";

/** Offsets of the fast path are numbers, which are exact below this. */
const numbersEnd: bigint = 2n ** 53n;

export interface ZeroRequest {
  readonly fua: boolean;
  readonly mayTrim: boolean;
  readonly fastZero: boolean;
}

/**
 * One client connection of the checks. It sends requests as the server would pass them on: whole blocks, no
 * more requests at once than the thread model allows, and borrowed buffers. It fails when an answer is wrong
 * regardless of the disk's content.
 */
export class TestClient {
  readonly disk: ServedExport;
  /** The unit of requests in bytes: offsets and lengths are multiples of it. */
  readonly unit: number;
  readonly #gate: Gate | undefined;
  readonly #bytesMax: number;
  readonly #returned: ReturnedBuffers = new ReturnedBuffers();

  /** @param gate lets one request in at a time; undefined where any number of requests may run at once */
  constructor(disk: ServedExport, gate: Gate | undefined) {
    this.disk = disk;
    this.unit = disk.requestUnit;
    const { blockSize } = disk;
    this.#bytesMax = blockSize?.advisory === true ? 2 ** 32 - 1 : (blockSize?.maximum ?? 2 ** 32 - 1);
    this.#gate = gate;
  }

  /** The size without a last incomplete block, which cannot be requested; bytes. */
  get size(): bigint {
    return this.disk.size - (this.disk.size % BigInt(this.unit));
  }

  /**
   * Reads a range.
   *
   * @param mark the byte that fills the buffer before the call
   */
  async read(offset: bigint, length: number, mark: number = marks.unfilled): Promise<Buffer> {
    const got = Buffer.allocUnsafe(length);
    await this.#pieces(offset, length, async (at, start, end) => {
      (await this.#read(at, end - start, mark)).copy(got, start);
    });
    return got;
  }

  async write(offset: bigint, bytes: Uint8Array, fua: boolean = false): Promise<void> {
    await this.#pieces(offset, bytes.length, (at, start, end) =>
      this.#write(at, bytes.subarray(start, end), fua && this.disk.canFua),
    );
  }

  /**
   * Zeroes a range.
   *
   * @returns false when the disk refuses a fast zero, which is the only error that it may return
   */
  async zero(offset: bigint, length: number, request: ZeroRequest): Promise<boolean> {
    const fua = request.fua && this.disk.canFua;
    const fastZero = request.fastZero && this.disk.canFastZero;
    try {
      await this.#alone(() => this.disk.zero(offset, length, { ...request, fua, fastZero }));
      return true;
    } catch (error) {
      if (!fastZero || codeOf(error) !== "ENOTSUP") throw error;
      return false;
    }
  }

  async trim(offset: bigint, length: number, fua: boolean): Promise<void> {
    await this.#alone(() => this.disk.trim(offset, length, fua && this.disk.canFua));
  }

  async flush(): Promise<void> {
    if (this.disk.canFlush) await this.#alone(() => this.disk.flush());
  }

  async cache(offset: bigint, length: number): Promise<void> {
    if (this.disk.canCache) await this.#alone(() => this.disk.cache(offset, length));
  }

  extents(offset: bigint, length: number, requestOne: boolean): Promise<readonly Extent[]> {
    return this.#alone(() => this.disk.extents(offset, length, requestOne));
  }

  /** @throws AssertionError when a borrowed buffer was used after its call had been answered */
  checkBuffers(): void {
    this.#returned.check();
  }

  async #read(offset: bigint, length: number, mark: number): Promise<Buffer> {
    const borrowed = new BorrowedBuffer(length);
    borrowed.bytes.fill(mark);
    const got = await this.#alone(async () => {
      await this.disk.read(borrowed.bytes, offset);
      borrowed.checkBeside("a read");
      const copy = Buffer.from(borrowed.bytes);
      this.#compareFastPath(copy, offset);
      return copy;
    });
    this.#returned.add(borrowed.bytes, "read");
    return got;
  }

  #compareFastPath(expected: Buffer, offset: bigint): void {
    if (offset + BigInt(expected.length) >= numbersEnd) return;
    const room = Buffer.alloc(expected.length + 2, marks.beside);
    const end = expected.length + 1;
    if (!this.disk.readNow(room, 1, end, Number(offset))) return;
    const wrong = firstDifference(room.subarray(1, end), expected);
    assert.ok(
      wrong < 0,
      `readNow and read differ: byte ${offset + BigInt(wrong)} is ${room[1 + wrong]} and ${expected[wrong]}`,
    );
    assert.ok(
      room[0] === marks.beside && room[end] === marks.beside,
      "readNow changed bytes beside its range",
    );
  }

  /** Uses the fast path for some writes, where the disk has one. */
  async #write(offset: bigint, bytes: Uint8Array, fua: boolean): Promise<void> {
    const borrowed = new BorrowedBuffer(bytes.length);
    borrowed.bytes.set(bytes);
    await this.#alone(async () => {
      const isFast = !fua && bytes.length % 2 === 1 && offset + BigInt(bytes.length) < numbersEnd;
      if (!isFast || !this.#writeNow(borrowed.bytes, offset))
        await this.disk.write(borrowed.bytes, offset, fua);
    });
    assert.ok(
      borrowed.bytes.equals(bytes),
      "a write changed its borrowed buffer: the bytes belong to the client",
    );
    borrowed.checkBeside("a write");
    this.#returned.add(borrowed.bytes, "write");
  }

  #writeNow(bytes: Buffer, offset: bigint): boolean {
    const room = Buffer.alloc(bytes.length + 2, marks.beside);
    bytes.copy(room, 1);
    const isDone = this.disk.writeNow(room, 1, bytes.length + 1, Number(offset));
    this.#returned.add(room, "write");
    return isDone;
  }

  async #pieces(
    offset: bigint,
    length: number,
    perform: (offset: bigint, start: number, end: number) => Promise<void>,
  ): Promise<void> {
    for (let start = 0; start < length; start += this.#bytesMax)
      await perform(offset + BigInt(start), start, Math.min(length, start + this.#bytesMax));
  }

  async #alone<T>(perform: () => T | PromiseLike<T>): Promise<T> {
    await this.#gate?.enter();
    try {
      return await perform();
    } finally {
      this.#gate?.leave();
    }
  }
}

/** The index of the first byte that differs; -1 for none. */
function firstDifference(one: Buffer, other: Buffer): number {
  return one.equals(other) ? -1 : one.findIndex((byte, index) => byte !== other[index]);
}

/** Whether a client may use several connections to the disk. */
export function isShared({ disk }: TestClient): boolean {
  return disk.canMultiConn;
}
