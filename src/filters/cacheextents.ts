import { defineFilter, type Filter } from "../contract/filter.ts";

/** Changes nothing: who has it on the command line need not take it off. nbdkit gave it up too, in 1.46. */
const cacheextents: Filter = defineFilter({
  name: "cacheextents",
  longname: "nbdkit cacheextents filter",
  debugFlags: ["cache"],
  configComplete(_values, host) {
    if (host.verbose) host.debug("this filter does nothing: each question about extents is answered anew");
  },
});
export default cacheextents;
