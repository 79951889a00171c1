import { defineFilter, type Filter } from "../contract/filter.ts";

/** Changes nothing. It exists so that existing command lines work; nbdkit 1.46 removed this filter too. */
const cacheextents: Filter = defineFilter({
  name: "cacheextents",
  longname: "nbdkit cacheextents filter",
  debugFlags: ["cache"],
  configComplete(_values, host) {
    if (host.verbose) host.debug("this filter does nothing: block status is not cached");
  },
});
export default cacheextents;
