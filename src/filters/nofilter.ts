import { defineFilter, type Filter } from "../contract/filter.ts";

/** Changes nothing: nbdkit-nofilter-filter(1). */
const nofilter: Filter = defineFilter({ name: "nofilter", longname: "nbdkit passthrough filter" });
export default nofilter;
