import { defineFilter, type Filter } from "../contract/filter.ts";
import { size, type Values } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { sizeMax } from "../core/size.ts";
import { windowOn } from "../kit/window.ts";
import { lengthened } from "./truncate/lengthened.ts";

const parameters = {
  truncate: size({ defaultText: "that of the disk", help: "The new size" }),
  "round-up": unit("Round the size up to the next multiple of this"),
  "round-down": unit("Round the size down to a multiple of this"),
} as const;

/** Changes the size of a disk; the added part reads as zeroes: nbdkit-truncate-filter(1). */
const truncate: Filter = defineFilter({
  name: "truncate",
  longname: "nbdkit truncate filter",
  parameters,
  open(next, values) {
    const wanted = newSize(next.size, values);
    return wanted <= next.size ? windowOn(next, 0n, wanted) : lengthened(next, wanted);
  },
});
export default truncate;

function unit(help: string) {
  // nbdkit takes at most 2^32-1, and 2G is the largest power of 2 below.
  const max = 2n ** 31n;
  return size({ min: 1n, max, powerOfTwo: true, defaultText: "no rounding", help }, (key, bytes) => {
    if (bytes === 0n) return `if set, the ${key} parameter must be > 0`;
    if (bytes >= 2n * max) return `the ${key} parameter is too large: use at most 2G`;
    return `the ${key} parameter must be a power of 2: use 512, 4k or the like`;
  });
}

function newSize(real: bigint, values: Values<typeof parameters>): bigint {
  const { truncate: absolute = real, "round-up": up = 1n, "round-down": down = 1n } = values;
  const rounded = ((absolute + up - 1n) / up) * up;
  if (rounded > sizeMax) {
    throw new NbdError("EINVAL", `cannot round size ${absolute} up to next boundary of ${up}`);
  }
  return (rounded / down) * down;
}
