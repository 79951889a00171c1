import { defineFilter, type Filter } from "../contract/filter.ts";

/** Hides the extents of a disk, so that clients see no holes: nbdkit-noextents-filter(1). */
const noextents: Filter = defineFilter({
  name: "noextents",
  longname: "nbdkit noextents filter",
  open: () => ({ extents: undefined }),
});
export default noextents;
