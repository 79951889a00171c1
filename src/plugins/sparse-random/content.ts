import { native } from "../../native/load.ts";
import { blockBytes } from "./block-map.ts";

/** The size of a random number in bytes. Only its lowest byte is used. */
const numberBytes = 8;

/**
 * The content of data blocks: one nonzero byte for the whole block, or with `random` a random value for each
 * byte.
 */
export class BlockContent {
  readonly #seed: bigint;
  readonly #random: boolean;
  readonly #generator: Uint8Array = new Uint8Array(32);
  readonly #numbers: Uint8Array;

  constructor(seed: bigint, random: boolean) {
    this.#seed = seed;
    this.#random = random;
    this.#numbers = new Uint8Array(random ? blockBytes * numberBytes : numberBytes);
  }

  /** Reads a range that consists only of data. */
  read(into: Uint8Array, offset: bigint): void {
    let start = Number(offset % BigInt(blockBytes));
    for (let done = 0; done < into.length; start = 0) {
      const length = Math.min(blockBytes - start, into.length - done);
      const block = offset + BigInt(done) - BigInt(start);
      this.#readBlock(into.subarray(done, done + length), block, start);
      done += length;
    }
  }

  #readBlock(into: Uint8Array, block: bigint, start: number): void {
    native().seedRandom(this.#generator, this.#seed, block);
    native().drawRandom(this.#generator, this.#numbers);
    if (!this.#random) {
      into.fill(this.#numbers[0] || 1);
      return;
    }
    // `start + into.length` is at most a block, so the indexes are inside the array.
    for (let at = 0; at < into.length; at++) into[at] = this.#numbers[(start + at) * numberBytes]!;
  }
}
