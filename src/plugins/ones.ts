import { integer, size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";

/** A disk that reads as the same byte everywhere and discards every write (nbdkit-ones-plugin(1)). */
const ones: Plugin = definePlugin({
  name: "ones",
  longname: "nbdkit ones plugin",
  description: "Discards what is written and reads as 0xff, or another byte",
  parameters: {
    size: size({ default: 0n, help: "Size of the disk" }),
    byte: integer({ min: 0, max: 255, default: 0xff, help: "The byte that it reads as" }),
  },
  magicKey: "size",
  provides: ["write", "flush", "trim", "zero", "cache", "multiConn", "nativeFua", "fastZero"],
  // No `extents`, so clients see all of the disk as data.
  open: ({ size, byte }) => ({
    size,
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: (into) => void into.fill(byte),
    write: () => {},
    flush: () => {},
    trim: () => {},
    zero: () => {},
    cache: () => {},
  }),
});

export default ones;
