import { expect, it } from "vitest";
import { checkBlockSize } from "../../src/served/block-size.ts";

const check = (...[minimum, preferred, maximum]: readonly number[]) =>
  checkBlockSize("mine's open", { minimum: minimum!, preferred: preferred!, maximum: maximum! });

it.each([
  [1, 512, 512],
  [65_536, 65_536, 65_536],
  [512, 4096, 4608],
  [4096, 4096, 2 ** 32 - 1],
])("block sizes may be %i, %i and %i", (...sizes) => {
  expect(() => check(...sizes)).not.toThrow();
});

it.each([
  [0, 512, 512],
  [3, 4096, 4096],
  [131_072, 131_072, 131_072],
  [1, 256, 4096],
  [4096, 512, 4096],
  [1, 2 ** 26, 2 ** 26],
  [512, 4096, 2048],
  [512, 4096, 5000],
  [1, 512, 2 ** 33],
  [Number.NaN, 512, 512],
])("block sizes cannot be %i, %i and %i", (...sizes) => {
  expect(() => check(...sizes)).toThrow("the block sizes that mine's open returned cannot be");
});
