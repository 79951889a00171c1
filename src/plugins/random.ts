import { boolean, integer, size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { checkWrite, type Read } from "../kit/check-write.ts";
import { native } from "../native/load.ts";

/**
 * A read of more bytes runs on the thread pool. A byte takes about 3 ns, so a longer read would block the
 * event loop.
 */
const inlineBytesMax = 32 * 1024;

/** The size of the sector that `fast=true` repeats. */
const sectorBytes = 512;

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
    fast: boolean({ default: false, help: "Repeat one random sector with variations, which is faster" }),
  },
  magicKey: "size",
  provides: ["write", "trim", "zero", "cache", "multiConn"],
  configComplete: ({ size, seed: given = Math.floor(Math.random() * 2 ** 32), fast }) => {
    const seed = BigInt(given);
    return { size, read: fast ? readerOfPeriod(periodOf(seed)) : readerOf(seed) };
  },
  open: ({ size, read }) => {
    return {
      size,
      multiConn: true,
      read,
      write: (from, offset) => checkWrite(read, from, offset),
      // Refuse here: without `zero`, the server would write zeroes, which fails too, but takes longer.
      zero: refuse,
      trim: refuse,
      cache: () => {},
    };
  },
});

export default random;

function readerOf(seed: bigint): Read {
  return (into, offset) => {
    if (into.length <= inlineBytesMax) return native().scatterRandom(into, seed, offset);
    return native().scatterRandomAsync(into, seed, offset);
  };
}

/** The sectors that `fast=true` repeats: each is the first one, XORed with the lowest byte of its number. */
function periodOf(seed: bigint): Uint8Array {
  const sector = new Uint8Array(sectorBytes);
  native().scatterRandom(sector, seed, 0n);
  const period = new Uint8Array(256 * sectorBytes);
  for (let number = 0; number < 256; number++) {
    period.set(
      sector.map((byte) => byte ^ number),
      number * sectorBytes,
    );
  }
  return period;
}

function readerOfPeriod(period: Uint8Array): Read {
  return (into, offset) => {
    let start = Number(offset % BigInt(period.length));
    for (let done = 0; done < into.length; start = 0) {
      const part = period.subarray(start, start + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  };
}

function refuse(): never {
  throw new NbdError("EIO", "attempt to trim or zero a disk that is all random data");
}
