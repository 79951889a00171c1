import { definePlugin } from "nbdkit-node/plugin";

const size = 1n << 20n;
const half = size / 2n;

/** Two states: one up to the middle, one from there. */
const halves = (first, second) => (offset, length) => {
  const before = offset < half ? half - offset : 0n;
  return [
    { length: before, state: first },
    { length: BigInt(length), state: second },
  ];
};

/** Half data and half hole, of which block status also tells what is dirty and, in 64 bits, how old it is. */
export default definePlugin({
  name: "contexts",
  open: () => ({
    size,
    read: (into) => void into.fill(0),
    extents: (offset, length) => [
      { length: offset < half ? half - offset : 0n, hole: false, zero: false },
      { length: BigInt(length), hole: true, zero: true },
    ],
    metaContexts: [
      { name: "x-test:dirty", status: halves(1n, 0n) },
      { name: "x-test:age", wide: true, status: async (...range) => halves(1n << 40n, 7n)(...range) },
    ],
  }),
});
