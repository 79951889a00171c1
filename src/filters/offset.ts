import { defineFilter, type Filter } from "../contract/filter.ts";
import { size } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { windowOn } from "../kit/window.ts";
import { requireBlockStart } from "../served/block-size.ts";

/** Serves a byte range of a disk: nbdkit-offset-filter(1). */
const offset: Filter = defineFilter({
  name: "offset",
  longname: "nbdkit offset filter",
  parameters: {
    offset: size({ default: 0n, help: "Start of the range" }),
    range: size({ defaultText: "up to the end of the disk", help: "Length of the range" }),
  },
  open(next, { offset: start, range }) {
    const end = start + (range ?? 0n);
    if (end <= next.size) {
      requireBlockStart("offset", `offset=${start}`, next, [start]);
      return windowOn(next, start, range ?? next.size - start);
    }
    const asked = range === undefined ? `offset (${start})` : `offset+range (${start}+${range})`;
    throw new NbdError(
      "EINVAL",
      `${asked} is larger than the real size (${next.size}) of the underlying file or device`,
    );
  },
});
export default offset;
