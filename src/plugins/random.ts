import { integer, size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";

/**
 * A read of more bytes runs on the thread pool. A byte takes about 3 ns, so a longer read would block the
 * event loop.
 */
const inlineBytesMax = 32 * 1024;

/**
 * A disk of random bytes. The same seed gives the same bytes as nbdkit (nbdkit-random-plugin(1)). A write
 * succeeds only if it changes nothing, which tests programs that copy disks.
 */
const random: Plugin = definePlugin({
  name: "random",
  longname: "nbdkit random plugin",
  description: "Random bytes; writing checks that they are the same",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
    seed: integer({
      min: 0,
      max: 2 ** 32 - 1,
      defaultText: "random",
      help: "The same seed gives the same bytes",
    }),
  },
  magicKey: "size",
  provides: ["write", "trim", "zero", "cache", "multiConn"],
  configComplete: ({ size, seed = Math.floor(Math.random() * 2 ** 32) }) => ({ size, seed: BigInt(seed) }),
  open: ({ size, seed }) => {
    const read = (into: Uint8Array, offset: bigint): MaybePromise<void> => {
      if (into.length <= inlineBytesMax) return native().scatterRandom(into, seed, offset);
      return native().scatterRandomAsync(into, seed, offset);
    };
    return {
      size,
      multiConn: true,
      read,
      async write(from, offset) {
        const expected = Buffer.allocUnsafe(from.length);
        await read(expected, offset);
        if (!expected.equals(from)) throw new NbdError("EIO", "data written does not match expected");
      },
      // Refuse here: without `zero`, the server would write zeroes, which fails too, but takes longer.
      zero: refuse,
      trim: refuse,
      cache: () => {},
    };
  },
});

export default random;

function refuse(): never {
  throw new NbdError("EIO", "attempt to trim or zero a disk that is all random data");
}
