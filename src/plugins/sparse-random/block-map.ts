import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { native } from "../../native/load.ts";

/** bytes: holes and data are made of blocks of this size */
export const blockBytes = 4096;

/** So many blocks are decided at a time, which takes some milliseconds and covers 1 GiB. */
const stretchBlocks = 256 * 1024;

export interface Shape {
  /** 0 to 100: the share of data. */
  readonly percent: number;
  /** Average length of a run of data, in bytes. */
  readonly runBytes: number;
}

/**
 * Which blocks hold data. Each depends on the one before: after a block of data comes a hole with one probability,
 * after a hole data with another, chosen so that share and average run come out as asked. So the map grows from the
 * start to wherever somebody looks, one bit for each block.
 */
export class BlockMap {
  readonly #uniform: boolean | undefined;
  /** Of the change after a block of data and after a hole, in units of 2^-64. */
  readonly #endOfData: number;
  readonly #endOfHole: number;
  readonly #generator: Uint8Array = new Uint8Array(32);
  readonly #numbers: Uint32Array = new Uint32Array(stretchBlocks * 2);
  readonly #stretches: Uint8Array[] = [];
  /** Of the next block to be decided. */
  #data = false;

  constructor(seed: bigint, { percent, runBytes }: Shape) {
    if (percent === 0 || percent === 100) this.#uniform = percent === 100;
    const share = percent / 100;
    const endOfData = 1 / (runBytes / blockBytes);
    this.#endOfData = endOfData * 2 ** 64;
    this.#endOfHole = ((share * endOfData) / (1 - share)) * 2 ** 64;
    native().seedRandom(this.#generator, seed, 0n);
  }

  /** Makes sure that all blocks up to this one are decided; a far one takes its time, and lets others have theirs. */
  reach(block: number): MaybePromise<void> {
    const missing = Math.floor(block / stretchBlocks) + 1 - this.#stretches.length;
    if (this.#uniform !== undefined || missing <= 0) return;
    if (missing === 1) return this.#decideStretch();
    return this.#decide(block);
  }

  /** Only for blocks that were reached. */
  isData(block: number): boolean {
    if (this.#uniform !== undefined) return this.#uniform;
    return ((this.#eight(block) >> (block & 7)) & 1) === 1;
  }

  /** The first block from `block` on that is not what `block` is, or `limit`, up to which all must be reached. */
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

  /** The bits of eight blocks, of which this is one. */
  #eight(block: number): number {
    return this.#stretches[Math.floor(block / stretchBlocks)]![(block % stretchBlocks) >> 3]!;
  }

  async #decide(block: number): Promise<void> {
    while (this.#stretches.length * stretchBlocks <= block) {
      this.#decideStretch();
      await setImmediate();
    }
  }

  #decideStretch(): void {
    const numbers = this.#numbers;
    native().drawRandom(this.#generator, new Uint8Array(numbers.buffer));
    const bits = new Uint8Array(stretchBlocks / 8);
    let data = this.#data;
    for (let block = 0; block < stretchBlocks; block++) {
      if (data) bits[block >> 3]! |= 1 << (block & 7);
      // Little-endian halves; their sum is rounded as C rounds a 64-bit number to a double.
      const number = numbers[2 * block + 1]! * 2 ** 32 + numbers[2 * block]!;
      if (number <= (data ? this.#endOfData : this.#endOfHole)) data = !data;
    }
    this.#data = data;
    this.#stretches.push(bits);
  }
}
