import { defineFilter, type Filter } from "../contract/filter.ts";
import { choice } from "../contract/parameter.ts";

/** Disables, emulates or ignores cache requests: nbdkit-nocache-filter(1). */
const nocache: Filter = defineFilter({
  name: "nocache",
  longname: "nbdkit nocache filter",
  parameters: {
    cachemode: choice(["none", "emulate", "nop", "no-op"], {
      default: "none",
      placeholder: "MODE",
      help: "none (not offered to clients), emulate (by reading), nop (accept and do nothing)",
      aliases: ["cache-mode"],
    }),
  },
  open: (_next, { cachemode }) =>
    cachemode === "none" || cachemode === "emulate"
      ? { cache: undefined, cacheByReading: cachemode === "emulate" }
      : { cache: () => {} },
});
export default nocache;
