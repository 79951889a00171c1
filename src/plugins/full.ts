import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";

/** Reads as zeroes, and has no room for anything else (nbdkit-full-plugin(1)). */
const full: Plugin = definePlugin({
  name: "full",
  longname: "nbdkit full plugin",
  description: "A disk without room: reads as zeroes, and writes fail with ENOSPC",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
  },
  magicKey: "size",
  provides: ["write", "trim", "extents", "cache", "multiConn"],
  // Without `zero`, a fast one is refused at once and any other fails as a write.
  open: ({ size }) => ({
    size,
    multiConn: true,
    read: (into) => void into.fill(0),
    write: refuse,
    trim: refuse,
    cache: () => {},
    extents: (_offset, length) => [{ length: BigInt(length), hole: true, zero: true }],
  }),
});

export default full;

function refuse(): never {
  throw new NbdError("ENOSPC", "the disk is full: this plugin has no room for any write");
}
