import { defineFilter, type Filter } from "../contract/filter.ts";
import type { BlockSize, Handle } from "../contract/handle.ts";
import type { Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseInteger } from "../core/values.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { requestUnitOf } from "../served/block-size.ts";
import { swapping } from "./swab/swapping.ts";

const accepted: readonly number[] = [8, 16, 32, 64];

/** Swaps the bytes of each word of a disk: nbdkit-swab-filter(1). */
const swab: Filter = defineFilter({
  name: "swab",
  longname: "nbdkit byte-swapping filter",
  parameters: { "swab-bits": wordBits() },
  open(next, { "swab-bits": bits }) {
    if (bits === 8) return {};
    const wordBytes = bits / 8;
    // A part of a word at the end of the disk cannot be swapped.
    const changes = {
      size: next.size - (next.size % BigInt(wordBytes)),
      blockSize: inWords(next, wordBytes),
    };
    return { ...changes, ...swapping(applyChanges(next, changes), wordBytes), metaContexts: undefined };
  },
});
export default swab;

function wordBits(): Parameter<number> & { readonly default: number } {
  const parse = (text: string, key: string): number => {
    const bits = parseInteger(key, text, -(2 ** 31), 2 ** 31 - 1);
    if (accepted.includes(bits)) return bits;
    throw new NbdError("EINVAL", `invalid ${key}, must be 8, 16, 32 or 64`);
  };
  const words = accepted.map(String);
  return {
    parse,
    placeholder: words.join("|"),
    words,
    unit: "bits",
    default: 16,
    help: "Size of the words whose bytes are swapped; 8 changes nothing",
  };
}

/** The block sizes of the disk in whole words. */
function inWords(next: Handle, wordBytes: number): BlockSize {
  const { preferred, maximum } = next.blockSize ?? { preferred: 512, maximum: 0xffff_ffff };
  return {
    minimum: Math.max(wordBytes, requestUnitOf(next)),
    preferred,
    maximum: maximum === 0xffff_ffff ? maximum : maximum - (maximum % wordBytes),
  };
}
