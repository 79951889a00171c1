import { definePlugin, size } from "nbdkit-node/plugin";

/** A disk in memory. Run `nbdkit ./index.js 1M`, or if the package is installed, `nbdkit PLUGIN_NAME 1M`. */
export default definePlugin({
  name: "PLUGIN_NAME",
  description: "A disk in memory",
  parameters: { size: size({ required: true, help: "Size of the disk" }) },
  magicKey: "size",
  provides: ["write", "multiConn"],
  // The return value is the first argument of `open`. All clients share it.
  configComplete: ({ size }) => ({ size, bytes: Buffer.alloc(Number(size)) }),
  open: ({ size, bytes }) => ({
    size,
    multiConn: true,
    read: (into, offset) => void bytes.copy(into, 0, Number(offset)),
    write: (from, offset) => void bytes.set(from, Number(offset)),
  }),
});
