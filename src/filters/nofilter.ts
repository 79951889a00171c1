import { defineFilter, type Filter } from "../backend/filter.ts";

/** Changes nothing: nbdkit-nofilter-filter(1). */
const nofilter: Filter = defineFilter({ name: "nofilter", longname: "nbdkit passthrough filter" });
export default nofilter;
