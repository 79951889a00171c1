import { NbdError } from "../../../core/errors.ts";
import { findRuns, zeroBytes } from "../../../core/zero-runs.ts";
import type { Destination } from "./endpoint.ts";
import type { CopyOptions } from "./options.ts";

/** A slow server should not sit on one request for minutes, and the progress should move. */
const zeroBytesMax: bigint = 128n * 1024n * 1024n;

/** Puts bytes and zeroes into a destination in the cheapest way that the options allow. */
export class Writer {
  readonly #destination: Destination;
  readonly #allocated: boolean;
  readonly #skipZeroes: boolean;
  readonly #grain: number;
  readonly #requestBytes: number;
  readonly #progress: (done: bigint) => void;
  #done = 0n;
  #end = 0n;

  /** @param progress hears how many bytes are done */
  constructor(destination: Destination, options: CopyOptions, progress: (done: bigint) => void) {
    this.#destination = destination;
    this.#allocated = options.allocated;
    this.#skipZeroes = !options.allocated && (destination.startsZero || options.destinationIsZero);
    this.#grain = options.allocated || destination.sequential ? 0 : grainOf(destination, options.sparse);
    this.#requestBytes = options.requestBytes;
    this.#progress = progress;
  }

  /** Where the last byte ends. */
  get end(): bigint {
    return this.#end;
  }

  async write(bytes: Buffer, offset: bigint, lane: number): Promise<void> {
    const length = BigInt(bytes.length);
    const { size } = this.#destination;
    if (size !== undefined && offset + length > size) {
      throw new NbdError("ENOSPC", `destination size is smaller than source size: it has only ${size} bytes`);
    }
    const runs = findRuns(bytes, offset, this.#grain);
    await Promise.all(
      runs.map(({ start, end, zero }) =>
        zero
          ? this.#putZeroes(offset + BigInt(start), BigInt(end - start), lane)
          : this.#destination.write(bytes.subarray(start, end), offset + BigInt(start), lane),
      ),
    );
    this.#advance(offset, length);
  }

  async zero(offset: bigint, length: bigint, lane: number): Promise<void> {
    if (!this.#skipZeroes) {
      for (let at = 0n; at < length; at += zeroBytesMax) {
        const piece = length - at < zeroBytesMax ? length - at : zeroBytesMax;
        await this.#putZeroes(offset + at, piece, lane);
      }
    }
    this.#advance(offset, length);
  }

  async #putZeroes(offset: bigint, length: bigint, lane: number): Promise<void> {
    if (this.#skipZeroes) return;
    if (await this.#destination.zero(offset, length, this.#allocated, lane)) return;
    const zeroes = zeroBytes(this.#requestBytes);
    for (let at = 0n; at < length; at += BigInt(zeroes.length)) {
      const rest = length - at;
      const piece = rest < BigInt(zeroes.length) ? zeroes.subarray(0, Number(rest)) : zeroes;
      await this.#destination.write(piece, offset + at, lane);
    }
  }

  #advance(offset: bigint, length: bigint): void {
    this.#done += length;
    if (offset + length > this.#end) this.#end = offset + length;
    this.#progress(this.#done);
  }
}

/** Never finer than the destination can do. */
function grainOf({ preferredBlock, minimumBlock }: Destination, sparse: number | undefined): number {
  if (sparse === 0) return 0;
  return Math.max(sparse ?? Math.max(4096, preferredBlock), minimumBlock);
}
