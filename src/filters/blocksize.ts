import { defineFilter, type Filter } from "../contract/filter.ts";
import { size } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { RangeGate } from "../core/range-gate.ts";
import { aligning } from "./blocksize/aligning.ts";
import { limitsFor, type Wanted } from "./blocksize/limits.ts";

interface State extends Wanted {
  /** Shared by all clients, because several clients may change parts of the same block. */
  readonly gate: RangeGate;
}

/** The largest minimum block size, in bytes (doc/proto.md, "Block size constraints"). */
const blockMax = 65_536n;

/** Lengths of requests have 32 bits. */
const lengthMax = 0xffff_ffffn;

/**
 * Accepts requests of any size and passes on requests that the plugin supports: nbdkit-blocksize-filter(1).
 */
const blocksize: Filter = defineFilter({
  name: "blocksize",
  longname: "nbdkit blocksize filter",
  parameters: {
    minblock: size(
      {
        min: 1n,
        max: blockMax,
        powerOfTwo: true,
        defaultText: "that of the disk, else 1",
        help: "Smallest block to pass on",
      },
      refusal,
    ),
    maxdata: size(
      {
        min: 1n,
        max: lengthMax,
        accepts: "a multiple of minblock",
        defaultText: "that of the disk, at most 64M",
        help: "Largest read or write to pass on",
      },
      refusal,
    ),
    maxlen: size(
      {
        min: 1n,
        max: lengthMax,
        accepts: "a multiple of minblock",
        defaultText: "4G less a block",
        help: "Largest request without data to pass on",
      },
      refusal,
    ),
  },
  configComplete(values): State {
    const { minblock = 1n, maxdata = 0n, maxlen = 0n } = values;
    if (maxdata % minblock !== 0n) throw wrong(`maxdata must be a multiple of ${minblock}`);
    if (maxlen % minblock !== 0n) throw wrong(`maxlen must be a multiple of ${minblock}`);
    return { ...values, gate: new RangeGate() };
  },
  open: (next, { gate, ...wanted }: State) => aligning(next, limitsFor(next, wanted), gate),
});
export default blocksize;

function refusal(key: string, bytes: bigint): string {
  if (bytes === 0n) return `parameter '${key}' must be non-zero if specified`;
  if (bytes > lengthMax) return `parameter '${key}' too large: use less than 4G`;
  if ((bytes & (bytes - 1n)) !== 0n) return `${key} must be a power of 2`;
  return `${key} must not exceed ${blockMax}`;
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
