import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { native } from "../../native/load.ts";

/** The largest number of blocks. The map of so many takes 2 GiB, and minutes to compute up to its end. */
export const blocksMax: bigint = 2n ** 34n;

/** The number of blocks that are computed at a time, which takes some milliseconds. */
const stretchBlocks = 256 * 1024;

/** The distribution of data and holes. */
export interface Shape {
  /** The block size in bytes. Holes and runs of data consist of whole blocks. */
  readonly blockBytes: number;
  /** The share of data, 0 to 100. */
  readonly percent: number;
  /** Average length of a run of data, in bytes. */
  readonly runBytes: number;
}

/**
 * Which blocks hold data, with one bit for each block. The blocks are a Markov chain with two states, data
 * and hole: the probability of a change depends on the state of the previous block. The two probabilities
 * follow from the share of data and the average run length. Each block depends on the previous one, so the
 * map is computed from the start of the disk to the last block that a client has accessed.
 */
export class BlockMap {
  readonly #uniform: boolean | undefined;
  /** The probabilities of a change after a block of data and after a hole, in units of 2^-64. */
  readonly #endOfData: number;
  readonly #endOfHole: number;
  readonly #generator: Uint8Array = new Uint8Array(32);
  readonly #numbers: Uint32Array = new Uint32Array(stretchBlocks * 2);
  readonly #stretches: Uint8Array[] = [];
  /** Whether the next block to compute is data. */
  #data = false;

  constructor(seed: bigint, { blockBytes, percent, runBytes }: Shape) {
    if (percent === 0 || percent === 100) this.#uniform = percent === 100;
    const share = percent / 100;
    const endOfData = 1 / (runBytes / blockBytes);
    this.#endOfData = endOfData * 2 ** 64;
    this.#endOfHole = ((share * endOfData) / (1 - share)) * 2 ** 64;
    native().seedRandom(this.#generator, seed, 0n);
  }

  /** Computes all blocks up to this one. A long computation yields to the event loop after each stretch. */
  reach(block: number): MaybePromise<void> {
    const missing = Math.floor(block / stretchBlocks) + 1 - this.#stretches.length;
    if (this.#uniform !== undefined || missing <= 0) return;
    if (missing === 1) return this.#computeStretch();
    return this.#compute(block);
  }

  /** Whether a block is data. The block must have been computed with `reach`. */
  isData(block: number): boolean {
    if (this.#uniform !== undefined) return this.#uniform;
    return ((this.#eight(block) >> (block & 7)) & 1) === 1;
  }

  /**
   * The first block after `block` in the other state, or `limit`. All blocks before `limit` must have been
   * computed.
   */
  endOfRun(block: number, limit: number): number {
    if (this.#uniform !== undefined) return limit;
    const data = this.isData(block);
    const allSame = data ? 0xff : 0;
    let at = block + 1;
    while (at < limit) {
      if ((at & 7) === 0 && this.#eight(at) === allSame) at += 8;
      else if (this.isData(at) === data) at++;
      else return at;
    }
    return limit;
  }

  /** The byte of the map that contains the bit of this block; `reach` has computed it. */
  #eight(block: number): number {
    return this.#stretches[Math.floor(block / stretchBlocks)]![(block % stretchBlocks) >> 3]!;
  }

  async #compute(block: number): Promise<void> {
    while (this.#stretches.length * stretchBlocks <= block) {
      this.#computeStretch();
      await setImmediate();
    }
  }

  #computeStretch(): void {
    const numbers = this.#numbers;
    native().drawRandom(this.#generator, new Uint8Array(numbers.buffer));
    const bits = new Uint8Array(stretchBlocks / 8);
    let data = this.#data;
    // The indexes are inside the arrays: `!` avoids a check for each of the 262144 blocks.
    for (let block = 0; block < stretchBlocks; block++) {
      if (data) bits[block >> 3]! |= 1 << (block & 7);
      // Add the little-endian halves: the sum is rounded as C rounds a 64-bit number to a double.
      const number = numbers[2 * block + 1]! * 2 ** 32 + numbers[2 * block]!;
      if (number <= (data ? this.#endOfData : this.#endOfHole)) data = !data;
    }
    this.#data = data;
    this.#stretches.push(bits);
  }
}
