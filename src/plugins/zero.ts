import { definePlugin, type Plugin } from "../contract/plugin.ts";

/** A disk of size 0, to test how clients handle it (nbdkit-zero-plugin(1)). */
const zero: Plugin = definePlugin({
  name: "zero",
  longname: "nbdkit zero-length plugin",
  description: "A disk of size 0",
  provides: ["multiConn", "cache"],
  open: () => ({ size: 0n, multiConn: true, read: () => {}, cache: () => {} }),
});

export default zero;
