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

/**
 * Accepts requests of any size and passes on requests that the plugin supports: nbdkit-blocksize-filter(1).
 */
const blocksize: Filter = defineFilter({
  name: "blocksize",
  longname: "nbdkit blocksize filter",
  parameters: {
    minblock: size({
      help: "Smallest block to pass on, a power of 2 up to 64k. Default: that of the disk, else 1",
    }),
    maxdata: size({ help: "Largest read or write to pass on. Default: that of the disk, at most 64M" }),
    maxlen: size({ help: "Largest request without data to pass on. Default 4G less a block" }),
  },
  configComplete(values): State {
    for (const key of ["minblock", "maxdata", "maxlen"] as const) checkRange(key, values[key]);
    const { minblock = 1n, maxdata = 0n, maxlen = 0n } = values;
    if ((minblock & (minblock - 1n)) !== 0n) throw wrong("minblock must be a power of 2");
    if (minblock > minblockMax) throw wrong(`minblock must not exceed ${minblockMax}`);
    if (maxdata % minblock !== 0n) throw wrong(`maxdata must be a multiple of ${minblock}`);
    if (maxlen % minblock !== 0n) throw wrong(`maxlen must be a multiple of ${minblock}`);
    return { ...values, gate: new RangeGate() };
  },
  open: (next, { gate, ...wanted }: State) => aligning(next, limitsFor(next, wanted), gate),
});
export default blocksize;

/** The largest minimum block size, in bytes (doc/proto.md, "Block size constraints"). */
const minblockMax = 65_536n;

function checkRange(key: string, value: bigint | undefined): void {
  if (value === 0n) throw wrong(`parameter '${key}' must be non-zero if specified`);
  if (value !== undefined && value > 0xffff_ffffn)
    throw wrong(`parameter '${key}' too large: use less than 4G`);
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
