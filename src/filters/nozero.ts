import { defineFilter, type Filter } from "../contract/filter.ts";
import type { HandleChanges, ZeroFlags } from "../contract/handle.ts";
import { choice } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { ServedExport } from "../served/served-export.ts";

/** Disables, emulates or changes zero requests: nbdkit-nozero-filter(1). */
const nozero: Filter = defineFilter({
  name: "nozero",
  longname: "nbdkit nozero filter",
  parameters: {
    zeromode: choice(["none", "emulate", "notrim", "plugin"], {
      default: "none",
      placeholder: "MODE",
      help: "none (not offered to clients), emulate (by writing), notrim (never makes a hole), plugin (unchanged)",
      aliases: ["zero-mode"],
    }),
    fastzeromode: choice(["default", "none", "slow", "ignore"], {
      default: "default",
      placeholder: "MODE",
      help: "Fast zeroes: default (as the plugin), none (not offered), slow (always refused), ignore (as a normal zero)",
      aliases: ["fast-zero-mode"],
    }),
  },
  open(next, { zeromode, fastzeromode }, { readOnly, signal }): HandleChanges {
    if (readOnly) return {};
    if (zeromode === "none") return { zero: undefined, zeroByWriting: false };
    if (zeromode === "emulate") {
      return { zero: undefined, zeroByWriting: true, fastZero: fastzeromode !== "none" };
    }
    const below = new ServedExport(next, readOnly, signal);
    if (!below.canZero) {
      throw new NbdError("ENOTSUP", `zeromode '${zeromode}' requires a plugin that can zero: use none`);
    }
    return {
      fastZero: fastzeromode === "default" ? below.canFastZero : fastzeromode !== "none",
      zero(offset, length, flags) {
        if (flags.fastZero && fastzeromode === "slow") {
          throw new NbdError("ENOTSUP", "fast zeroes are refused by fastzeromode=slow");
        }
        return below.zero(offset, length, changed(flags, zeromode, fastzeromode));
      },
    };
  },
});
export default nozero;

function changed(flags: ZeroFlags, zeromode: string, fastzeromode: string): ZeroFlags {
  return {
    fua: flags.fua,
    mayTrim: flags.mayTrim && zeromode !== "notrim",
    fastZero: flags.fastZero && fastzeromode !== "ignore",
  };
}
