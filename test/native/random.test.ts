import { describe, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

const { seedRandom, drawRandom, scatterRandom, scatterRandomAsync } = native();

/** The same algorithm with BigInts, written from its authors' description. */
function* xoshiro(seed: bigint): Generator<bigint> {
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
  const rotate = (value: bigint, by: bigint): bigint => u64((value << by) | (value >> (64n - by)));
  const mix = (value: bigint): bigint => {
    const once = u64((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n);
    const twice = u64((once ^ (once >> 27n)) * 0x94d049bb133111ebn);
    return twice ^ (twice >> 31n);
  };
  let [a, b, c, d] = [1n, 2n, 3n, 4n].map((step) => mix(u64(seed + step * 0x9e3779b97f4a7c15n))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  for (;;) {
    yield u64(rotate(u64(b * 5n), 7n) * 9n);
    const shifted = u64(b << 17n);
    [c, d] = [c ^ a, d ^ b];
    [a, b] = [a ^ d, b ^ c];
    [c, d] = [c ^ shifted, rotate(d, 45n)];
  }
}

function numbers(seed: bigint, count: number): bigint[] {
  const generator = xoshiro(seed);
  return Array.from({ length: count }, () => generator.next().value as bigint);
}

describe("random numbers", () => {
  it.each([
    [0n, 0n],
    [1n, 0n],
    [2n ** 32n - 1n, 5n],
    [7n, 2n ** 63n - 1n],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
  ])("from %d + %d are those of xoshiro256**", (seed, index) => {
    const state = new Uint8Array(32);
    seedRandom(state, seed, index);
    const drawn = Buffer.alloc(8 * 5);
    drawRandom(state, drawn.subarray(0, 16));
    drawRandom(state, drawn.subarray(16));
    const expected = numbers(BigInt.asUintN(64, seed + index), 5);
    expect(expected.map((_, at) => drawn.readBigUInt64LE(8 * at))).toEqual(expected);
  });

  it("fill a buffer whose length is not a multiple of 8", () => {
    const state = new Uint8Array(32);
    seedRandom(state, 3n, 0n);
    const drawn = Buffer.alloc(11);
    drawRandom(state, drawn);
    const whole = Buffer.alloc(16);
    numbers(3n, 2).forEach((number, at) => void whole.writeBigUInt64LE(number, 8 * at));
    expect(drawn).toEqual(whole.subarray(0, 11));
  });

  it("need a state of 32 bytes", () => {
    const refused = expect.objectContaining({ code: "EINVAL" });
    expect(() => seedRandom(new Uint8Array(31), 1n, 0n)).toThrow(refused);
    expect(() => drawRandom(new Uint8Array(33), new Uint8Array(8))).toThrow(refused);
  });
});

describe("scattered random bytes", () => {
  it("are the lowest bytes of the third numbers, in this thread and on the thread pool", async () => {
    const expected = Buffer.from(
      [0, 1, 2, 3, 4].map((index) => Number(numbers(40n + BigInt(index), 3)[2]! & 255n)),
    );
    const [here, there] = [Buffer.alloc(5), Buffer.alloc(5)];
    scatterRandom(here, 40n, 0n);
    await scatterRandomAsync(there, 38n, 2n);
    expect(here).toEqual(expected);
    expect(there).toEqual(expected);
  });
});
