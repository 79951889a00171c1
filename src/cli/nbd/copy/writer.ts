import { NbdError } from "../../../core/errors.ts";
import { findRuns, zeroBytes } from "../../../core/zero-runs.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { Destination } from "./endpoint.ts";

/**
 * Length of the first zero request, in bytes. It is limited so that a slow server does not need minutes for
 * one request, and so that the progress is visible.
 */
const zeroBytesMin: bigint = 128n * 1024n * 1024n;
/**
 * Milliseconds. When a zero request is faster, the next one is twice as long, so that disks of exbibytes
 * finish.
 */
const zeroMsMin = 100;
/** Milliseconds. When a zero request is slower, the next one is half as long. */
const zeroMsMax = 2000;

/** Writes data and zeroes to a destination, with zero requests instead of data where the options allow. */
export class Writer {
  readonly #destination: Destination;
  readonly #allocated: boolean;
  readonly #skipZeroes: boolean;
  readonly #grain: number;
  readonly #requestBytes: number;
  readonly #progress: (bytes: bigint) => void;
  #end = 0n;
  #zeroBytes = zeroBytesMin;

  /** @param progress is called with the number of bytes after each completed write */
  constructor(destination: Destination, options: CopyOptions, progress: (bytes: bigint) => void) {
    this.#destination = destination;
    this.#allocated = options.allocated;
    this.#skipZeroes = !options.allocated && (destination.startsZero || options.destinationIsZero);
    this.#grain = options.allocated || destination.sequential ? 0 : grainOf(destination, options);
    this.#requestBytes = options.requestBytes;
    this.#progress = progress;
  }

  /** The offset after the last written byte. */
  get end(): bigint {
    return this.#end;
  }

  async write(bytes: Buffer, offset: bigint, connection: number): Promise<void> {
    const length = BigInt(bytes.length);
    const { size } = this.#destination;
    if (size !== undefined && offset + length > size) {
      throw new NbdError("ENOSPC", `destination size is smaller than source size: it has only ${size} bytes`);
    }
    const runs = findRuns(bytes, offset, this.#grain);
    await Promise.all(
      runs.map(({ start, end, zero }) =>
        zero
          ? this.#putZeroes(offset + BigInt(start), BigInt(end - start), connection)
          : this.#destination.write(bytes.subarray(start, end), offset + BigInt(start), connection),
      ),
    );
    this.#advance(offset, length);
  }

  async zero(offset: bigint, length: bigint, connection: number): Promise<void> {
    if (this.#skipZeroes) {
      this.#advance(offset, length);
      return;
    }
    for (let at = 0n; at < length; ) {
      const piece = length - at < this.#zeroBytes ? length - at : this.#zeroBytes;
      const started = performance.now();
      await this.#putZeroes(offset + at, piece, connection);
      this.#adapt(performance.now() - started);
      this.#advance(offset + at, piece);
      at += piece;
    }
  }

  #adapt(ms: number): void {
    if (ms < zeroMsMin) this.#zeroBytes *= 2n;
    else if (ms > zeroMsMax && this.#zeroBytes > zeroBytesMin) this.#zeroBytes /= 2n;
  }

  async #putZeroes(offset: bigint, length: bigint, connection: number): Promise<void> {
    if (this.#skipZeroes) return;
    if (await this.#destination.zero(offset, length, this.#allocated, connection)) return;
    const zeroes = zeroBytes(this.#requestBytes);
    for (let at = 0n; at < length; at += BigInt(zeroes.length)) {
      const rest = length - at;
      const piece = rest < BigInt(zeroes.length) ? zeroes.subarray(0, Number(rest)) : zeroes;
      await this.#destination.write(piece, offset + at, connection);
    }
  }

  #advance(offset: bigint, length: bigint): void {
    if (offset + length > this.#end) this.#end = offset + length;
    this.#progress(length);
  }
}

/**
 * Returns the number of zero bytes that become a hole; 0 for never. It is at least the destination's minimum
 * block. Without --sparse it is at most the request size, because zeroes are searched within the buffer of
 * one request.
 */
function grainOf({ preferredBlock, minimumBlock }: Destination, options: CopyOptions): number {
  const { sparse, requestBytes } = options;
  if (sparse === 0) return 0;
  const preferred = Math.min(Math.max(4096, preferredBlock), requestBytes);
  return Math.max(sparse ?? preferred, minimumBlock);
}
