import { defineFilter, type Filter } from "../contract/filter.ts";
import { choice, integer, type Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseProbability } from "../core/values.ts";
import { type ChangeBytes, changingReads } from "../kit/changing-bytes.ts";
import { corruption } from "./evil/corruption.ts";

const seedMax = 2 ** 32 - 1;

/** Corrupts data at random when it is read: nbdkit-evil-filter(1). */
const evil: Filter = defineFilter({
  name: "evil",
  longname: "nbdkit evil filter",
  parameters: {
    evil: choice(["cosmic-rays", "stuck-bits", "stuck-wires"], {
      default: "stuck-bits",
      placeholder: "MODE",
      help: "Flip bits at random (cosmic-rays), or let bits of the disk (stuck-bits) or of replies (stuck-wires) have fixed values",
    }),
    "evil-probability": share({
      defaultText: "1e-8, for stuck-wires 1e-6",
      help: "The probability that a bit is flipped or stuck; below 1e-12 none is, above 1/8 all are",
    }),
    "evil-seed": integer({
      min: 0,
      max: seedMax,
      defaultText: "random",
      help: "The same seed corrupts the same bits, for the same reads in the same order",
    }),
    "evil-stuck-probability": share({
      default: 1,
      help: "The probability that a read sees the value of a stuck bit, and not its right value",
    }),
  },
  configComplete(values) {
    const { evil: mode, "evil-seed": seed = Math.floor(Math.random() * (seedMax + 1)) } = values;
    const { "evil-probability": probability = mode === "stuck-wires" ? 1e-6 : 1e-8 } = values;
    return corruption({ mode, probability, stuckProbability: values["evil-stuck-probability"], seed });
  },
  open: (next, corrupt: ChangeBytes | undefined) =>
    corrupt === undefined ? {} : changingReads(next, corrupt),
});
export default evil;

function share<const O extends { readonly help: string }>(options: O): Parameter<number> & O {
  const parse = (text: string, key: string): number => {
    const value = parseProbability(key, text);
    if (value <= 1) return value;
    throw new NbdError("ERANGE", `${key}: probability out of range, should be [0..1]: ${text}`);
  };
  return { parse, placeholder: "PROBABILITY", accepts: "0..1, 0%..100% or N:M", ...options };
}
