import { native } from "../../native/load.ts";

/** The size of a random number in bytes. Only its lowest byte is used. */
const numberBytes = 8;

/** How many random numbers are drawn at a time: few enough for the caches of a processor. */
const drawnNumbers = 1024;

/**
 * The content of data blocks: one nonzero byte for the whole block, or with `random` a random value for each
 * byte.
 */
export class BlockContent {
  readonly #seed: bigint;
  readonly #random: boolean;
  readonly #generator: Uint8Array = new Uint8Array(32);
  readonly #blockBytes: number;
  readonly #numbers: Uint8Array;

  /** @param blockBytes at least `drawnNumbers`, and a power of 2 */
  constructor(seed: bigint, blockBytes: number, random: boolean) {
    this.#seed = seed;
    this.#blockBytes = blockBytes;
    this.#random = random;
    this.#numbers = new Uint8Array((random ? drawnNumbers : 1) * numberBytes);
  }

  /** Reads a range that consists only of data. */
  read(into: Uint8Array, offset: bigint): void {
    let start = Number(offset % BigInt(this.#blockBytes));
    for (let done = 0; done < into.length; start = 0) {
      const length = Math.min(this.#blockBytes - start, into.length - done);
      const block = offset + BigInt(done) - BigInt(start);
      this.#readBlock(into.subarray(done, done + length), block, start);
      done += length;
    }
  }

  #readBlock(into: Uint8Array, block: bigint, start: number): void {
    native().seedRandom(this.#generator, this.#seed, block);
    if (this.#random) {
      this.#drawBytes(into, start);
      return;
    }
    native().drawRandom(this.#generator, this.#numbers);
    into.fill(this.#numbers[0] || 1);
  }

  /** Draws the bytes from `start` of a block. Each number follows from the one before it, so none is left out. */
  #drawBytes(into: Uint8Array, start: number): void {
    for (let drawn = 0; drawn < start + into.length; drawn += drawnNumbers) {
      native().drawRandom(this.#generator, this.#numbers);
      const from = Math.max(start, drawn);
      const to = Math.min(start + into.length, drawn + drawnNumbers);
      // Both indexes are inside the arrays: `from` to `to` is a part of what was drawn and of the range.
      for (let at = from; at < to; at++) into[at - start] = this.#numbers[(at - drawn) * numberBytes]!;
    }
  }
}
