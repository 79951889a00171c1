import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";

/** A disk that reads as zeroes. Every write fails with ENOSPC (nbdkit-full-plugin(1)). */
const full: Plugin = definePlugin({
  name: "full",
  longname: "nbdkit full plugin",
  description: "A full disk: reads as zeroes, and writes fail with ENOSPC",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
  },
  magicKey: "size",
  provides: ["write", "trim", "extents", "cache", "multiConn"],
  // No `zero`: the server refuses a fast zero immediately, and performs any other as a write, which fails.
  open: ({ size }) => ({
    size,
    multiConn: true,
    read: (into) => void into.fill(0),
    write: refuse,
    trim: refuse,
    cache: () => {},
    extents: (offset) => [{ length: size - offset, hole: true, zero: true }],
  }),
});

export default full;

function refuse(): never {
  throw new NbdError("ENOSPC", "the disk is full: this plugin has no room for any write");
}
