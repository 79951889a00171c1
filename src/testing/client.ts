import assert from "node:assert/strict";
import { codeOf } from "../core/errors.ts";
import type { Extent } from "../core/extent.ts";
import type { Gate } from "../core/gate.ts";
import type { ServedExport } from "../served/served-export.ts";
import { LentBuffer, marks } from "./marks.ts";
import { ReturnedBuffers } from "./returned-buffers.ts";

/** Offsets of the fast ways of reading and writing are numbers. */
const numbersEnd: bigint = 2n ** 53n;

export interface ZeroWishes {
  readonly fua: boolean;
  readonly mayTrim: boolean;
  readonly fastZero: boolean;
}

/**
 * One connection of the checks: it sends what a client may send, as the server would pass it on, with whole blocks, with no
 * more requests at once than the thread model allows, and with buffers that are lent. It fails where the answer to a request is
 * wrong whatever the disk holds.
 */
export class TestClient {
  readonly disk: ServedExport;
  /** Bytes; offsets and lengths are multiples of it. */
  readonly unit: number;
  readonly #gate: Gate | undefined;
  readonly #bytesMax: number;
  readonly #returned: ReturnedBuffers = new ReturnedBuffers();

  /** @param gate lets one request in at a time; absent where any number may be under way */
  constructor(disk: ServedExport, gate: Gate | undefined) {
    this.disk = disk;
    this.unit = disk.requestUnit;
    const { blockSize } = disk;
    this.#bytesMax = blockSize?.advisory === true ? 2 ** 32 - 1 : (blockSize?.maximum ?? 2 ** 32 - 1);
    this.#gate = gate;
  }

  /** What of the disk can be asked for: the rest is less than a block. */
  get size(): bigint {
    return this.disk.size - (this.disk.size % BigInt(this.unit));
  }

  /** @param mark fills the buffer before the call */
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

  /** @returns false when a fast zero is not possible, which is the one thing that it may refuse */
  async zero(offset: bigint, length: number, wishes: ZeroWishes): Promise<boolean> {
    const fua = wishes.fua && this.disk.canFua;
    const fastZero = wishes.fastZero && this.disk.canFastZero;
    try {
      await this.#alone(() => this.disk.zero(offset, length, { ...wishes, fua, fastZero }));
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

  /** @throws AssertionError when a buffer was used that was lent for a call which has been answered */
  checkBuffers(): void {
    this.#returned.check();
  }

  async #read(offset: bigint, length: number, mark: number): Promise<Buffer> {
    const lent = new LentBuffer(length);
    lent.bytes.fill(mark);
    const got = await this.#alone(async () => {
      await this.disk.read(lent.bytes, offset);
      lent.checkBeside("a read");
      const copy = Buffer.from(lent.bytes);
      this.#compareFastWay(copy, offset);
      return copy;
    });
    this.#returned.add(lent.bytes, "read");
    return got;
  }

  #compareFastWay(expected: Buffer, offset: bigint): void {
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

  /** Now and then in the fast way, where the disk has one. */
  async #write(offset: bigint, bytes: Uint8Array, fua: boolean): Promise<void> {
    const lent = new LentBuffer(bytes.length);
    lent.bytes.set(bytes);
    await this.#alone(async () => {
      const isFast = !fua && bytes.length % 2 === 1 && offset + BigInt(bytes.length) < numbersEnd;
      if (!isFast || !this.#writeNow(lent.bytes, offset)) await this.disk.write(lent.bytes, offset, fua);
    });
    assert.ok(
      lent.bytes.equals(bytes),
      "a write changed the buffer that it was lent: its bytes are the client's",
    );
    lent.checkBeside("a write");
    this.#returned.add(lent.bytes, "write");
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

/** The index of the first byte that is not the same; -1 for none. */
function firstDifference(one: Buffer, other: Buffer): number {
  return one.equals(other) ? -1 : one.findIndex((byte, index) => byte !== other[index]);
}

/** Only then may a client send what belongs together over several connections. */
export function isShared({ disk }: TestClient): boolean {
  return disk.canMultiConn;
}
