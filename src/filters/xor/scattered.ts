import { Number64 } from "../../core/number64.ts";
import { splitMixStep } from "../../core/split-mix.ts";
import type { ChangeBytes } from "../../kit/changing-bytes.ts";

const wordBytes = 8;

/**
 * Returns a flip that XORs each word of 8 bytes with a pseudo-random number. The number of a word is the
 * first one of a generator (xoshiro256**, seeded by splitmix64, as nbdkit's) whose seed is `seed` plus the
 * offset of the word, so each can be computed without the others. The generator is not secure.
 *
 * @param seed 0 to 2^64-1
 */
export function scattered(seed: bigint): ChangeBytes {
  const number = new Number64();
  const nextWord = new Number64(BigInt(wordBytes));
  return ({ buffer, byteOffset, length }, offset) => {
    const view = new DataView(buffer, byteOffset, length);
    const inside = Number(offset % BigInt(wordBytes));
    // The first number depends on only one of the four words of the generator, the second that splitmix64 makes.
    const state = new Number64(seed + offset - BigInt(inside) + 2n * splitMixStep);
    // `at` is where the word begins in the buffer; the first and the last word may not be in it completely.
    for (let at = -inside; at < length; at += wordBytes) {
      draw(state, number);
      if (at >= 0 && at + wordBytes <= length) {
        view.setInt32(at, view.getInt32(at, true) ^ number.low, true);
        view.setInt32(at + 4, view.getInt32(at + 4, true) ^ number.high, true);
      } else flipPart(view, at, number);
      state.add(nextWord);
    }
  };
}

function draw(state: Number64, number: Number64): void {
  number.set(state);
  number.mix();
  number.multiply(5, 0);
  number.rotate(7);
  number.multiply(9, 0);
}

function flipPart(view: DataView, start: number, { low, high }: Number64): void {
  for (let index = 0; index < wordBytes; index++) {
    const at = start + index;
    if (at < 0 || at >= view.byteLength) continue;
    const half = index < 4 ? low : high;
    view.setUint8(at, view.getUint8(at) ^ (half >>> (8 * (index % 4))));
  }
}
