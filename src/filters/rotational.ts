import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean } from "../contract/parameter.ts";

/** Advertises a disk as a spinning disk, or as a disk without moving parts: nbdkit-rotational-filter(1). */
const rotational: Filter = defineFilter({
  name: "rotational",
  longname: "nbdkit rotational filter",
  parameters: {
    rotational: boolean({ default: true, help: "Whether clients are told that the disk rotates" }),
  },
  open: (_next, { rotational }) => ({ rotational }),
});
export default rotational;
