import { definePlugin } from "nbdkit-node/plugin";

const size = 1n << 20n;
const half = size / 2n;

/** Returns two states: one for the first half of the disk, one for the second. */
const halves = (first, second) => (offset, length) => {
  const before = offset < half ? half - offset : 0n;
  return [
    { length: before, state: first },
    { length: BigInt(length), state: second },
  ];
};

/** A disk of half data and half hole. Its metadata contexts report dirty blocks, and their age in 64 bits. */
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
