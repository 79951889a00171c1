import { Number64 } from "./number64.ts";

/** What splitmix64 adds to its state for each number. */
export const splitMixStep = 0x9e3779b97f4a7c15n;

/**
 * A pseudo-random number generator (splitmix64 by Vigna, https://prng.di.unimi.it/). The same seed gives the
 * same numbers. It is fast to seed, and not secure.
 */
export class SplitMix {
  readonly #state: Number64;
  readonly #step: Number64 = new Number64(splitMixStep);
  readonly #number: Number64 = new Number64();

  /** @param seed only its lowest 64 bits count */
  constructor(seed: bigint) {
    this.#state = new Number64(seed);
  }

  /** Returns a number above 0 and below 1. */
  fraction(): number {
    this.#state.add(this.#step);
    this.#number.set(this.#state);
    this.#number.mix();
    // A double has 53 bits.
    const high = this.#number.high >>> 0;
    const low = this.#number.low >>> 12;
    return (high * 2 ** 20 + low + 0.5) / 2 ** 52;
  }
}
