import { definePlugin, type Plugin } from "../contract/plugin.ts";

/** A disk of no bytes at all, for corner cases of clients (nbdkit-zero-plugin(1)). */
const zero: Plugin = definePlugin({
  name: "zero",
  longname: "nbdkit zero-length plugin",
  description: "A disk without a single byte",
  provides: ["multiConn", "cache"],
  open: () => ({ size: 0n, multiConn: true, read: () => {}, cache: () => {} }),
});

export default zero;
