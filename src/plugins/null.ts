import { everyRequest } from "../contract/handle.ts";
import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";

/** A disk that discards every write and reads as zeroes (nbdkit-null-plugin(1)). */
const nullPlugin: Plugin = definePlugin({
  name: "null",
  longname: "nbdkit null plugin",
  description: "Discards what is written and reads as zeroes",
  parameters: {
    size: size({ default: 0n, help: "Size of the disk" }),
  },
  magicKey: "size",
  provides: [...everyRequest, "multiConn"],
  open: ({ size }) => ({
    size,
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: (into) => void into.fill(0),
    write: () => {},
    flush: () => {},
    trim: () => {},
    zero: () => {},
    cache: () => {},
    extents: (offset) => [{ length: size - offset, hole: true, zero: true }],
  }),
});

export default nullPlugin;
