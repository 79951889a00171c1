import { defineFilter, type Filter } from "../contract/filter.ts";
import { once, type Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseInteger, parseUnsigned64 } from "../core/values.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { type ChangeBytes, flippingBytes } from "../kit/changing-bytes.ts";
import { completeHandle } from "../served/complete-handle.ts";
import { writeZeroes } from "../served/fallback.ts";
import { repeated, valueBytesMax } from "./xor/repeated.ts";
import { scattered } from "./xor/scattered.ts";

/** What to XOR with: a value, or pseudo-random numbers with a seed. */
type Key = { readonly value: bigint } | { readonly seed: bigint };

/** XORs all data of a disk with a value or with pseudo-random numbers: nbdkit-xor-filter(1). */
const xor: Filter = defineFilter({
  name: "xor",
  longname: "nbdkit XOR filter",
  parameters: { xor: once(key(), setTwice), xorlen: once(keyLength(), setTwice) },
  configComplete: ({ xor, xorlen }) => flipWith(xor, xorlen),
  open(next, flip: ChangeBytes, { signal }) {
    const changes = flippingBytes(next, flip);
    const below = completeHandle(applyChanges(next, changes));
    return {
      ...changes,
      // Zeroes of clients are other bytes on the disk, so the server has to write them.
      zero: undefined,
      zeroByWriting: true,
      trim: next.trim && ((offset, length, flags) => writeZeroes(below, offset, length, flags, signal)),
      // Holes and zeroes of the disk are neither for clients.
      extents: undefined,
      metaContexts: undefined,
    };
  },
});
export default xor;

function key(): Parameter<Key> & { readonly required: true } {
  return {
    parse(text, name) {
      if (text === "rand") return { seed: 0n };
      if (text.startsWith("rand:")) return { seed: parseUnsigned64(name, text.slice("rand:".length)) };
      return { value: parseUnsigned64(name, text) };
    },
    placeholder: "VALUE|rand[:SEED]",
    accepts: "0 to 2^64-1, or rand with an optional seed of 0 to 2^64-1",
    required: true,
    help: "A value to repeat, such as 0x1234, or rand for pseudo-random numbers; the seed is 0 if none is given",
  };
}

function keyLength(): Parameter<number> {
  const parse = (text: string, name: string): number => {
    const length = parseInteger(name, text, -(2 ** 31), 2 ** 31 - 1);
    if (length >= 1 && length <= valueBytesMax) return length;
    throw new NbdError("EINVAL", `'${name}' parameter must be [1..${valueBytesMax}] (in bytes)`);
  };
  return {
    parse,
    placeholder: "LENBYTES",
    unit: "bytes",
    min: 1,
    max: valueBytesMax,
    defaultText: "required for a value, refused for rand",
    help: "Length of the value, of which the last bytes count",
  };
}

function setTwice(name: string): string {
  return `'${name}' parameter must be set only once`;
}

function flipWith(key: Key, length: number | undefined): ChangeBytes {
  if ("seed" in key) {
    if (length === undefined) return scattered(key.seed);
    throw new NbdError("EINVAL", "'xorlen' parameter must not be set for xor=rand: leave it out");
  }
  if (length !== undefined) return repeated(key.value, length);
  throw new NbdError("EINVAL", "'xorlen' parameter is required for xor=VALUE: use xorlen=1 to 8 (in bytes)");
}
