import { defineFilter, type Filter } from "../contract/filter.ts";

/** Shows clients a disk without holes: nbdkit-noextents-filter(1). */
const noextents: Filter = defineFilter({
  name: "noextents",
  longname: "nbdkit noextents filter",
  open: () => ({ extents: undefined }),
});
export default noextents;
