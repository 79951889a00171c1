import { defineFilter, type Filter } from "../contract/filter.ts";
import { size, type Values } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { sizeMax } from "../core/size.ts";
import { windowOn } from "../kit/window.ts";
import { lengthened } from "./truncate/lengthened.ts";

const parameters = {
  truncate: size({ help: "The new size" }),
  "round-up": size({ help: "Round the size up to the next multiple of this power of 2" }),
  "round-down": size({ help: "Round the size down to a multiple of this power of 2" }),
} as const;

/** Changes the size of a disk; the added part reads as zeroes: nbdkit-truncate-filter(1). */
const truncate: Filter = defineFilter({
  name: "truncate",
  longname: "nbdkit truncate filter",
  parameters,
  configComplete(values) {
    for (const key of ["round-up", "round-down"] as const) checkUnit(key, values[key]);
    return values;
  },
  open(next, values) {
    const wanted = newSize(next.size, values);
    return wanted <= next.size ? windowOn(next, 0n, wanted) : lengthened(next, wanted);
  },
});
export default truncate;

/** 2^32-1; nbdkit's limit. */
const unitMax = 0xffff_ffffn;

function checkUnit(key: string, unit: bigint | undefined): void {
  if (unit === undefined) return;
  if (unit === 0n) throw new NbdError("EINVAL", `if set, the ${key} parameter must be > 0`);
  if (unit > unitMax) throw new NbdError("EINVAL", `the ${key} parameter is too large: use at most 2G`);
  if ((unit & (unit - 1n)) !== 0n) {
    throw new NbdError("EINVAL", `the ${key} parameter must be a power of 2: use 512, 4k or the like`);
  }
}

function newSize(real: bigint, values: Values<typeof parameters>): bigint {
  const { truncate: absolute = real, "round-up": up = 1n, "round-down": down = 1n } = values;
  const rounded = ((absolute + up - 1n) / up) * up;
  if (rounded > sizeMax) {
    throw new NbdError("EINVAL", `cannot round size ${absolute} up to next boundary of ${up}`);
  }
  return (rounded / down) * down;
}
