import { definePlugin } from "nbdkit-node/plugin";

const size = 1n << 20n;
const half = size / 2n;

/** A disk whose second half has changed, as qemu-nbd reports it during an incremental backup. */
export default definePlugin({
  name: "bitmap",
  open: () => ({
    size,
    read: (into) => void into.fill(7),
    metaContexts: [
      {
        name: "qemu:dirty-bitmap:backup",
        status: (offset, length) => [
          { length: offset < half ? half - offset : 0n, state: 0n },
          { length: BigInt(length), state: 1n },
        ],
      },
    ],
  }),
});
