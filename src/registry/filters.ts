import type { AnyFilter } from "../backend/component.ts";

type Load = () => Promise<{ readonly default: AnyFilter }>;

/** The filters in this package, each loaded only when it is named. */
export const builtInFilters: Readonly<Record<string, Load>> = {
  blocksize: () => import("../filters/blocksize.ts"),
  "blocksize-policy": () => import("../filters/blocksize-policy.ts"),
  cache: () => import("../filters/cache.ts"),
  cacheextents: () => import("../filters/cacheextents.ts"),
  checkwrite: () => import("../filters/checkwrite.ts"),
  cow: () => import("../filters/cow.ts"),
  exitlast: () => import("../filters/exitlast.ts"),
  exitwhen: () => import("../filters/exitwhen.ts"),
  extentlist: () => import("../filters/extentlist.ts"),
  fua: () => import("../filters/fua.ts"),
  noextents: () => import("../filters/noextents.ts"),
  nofilter: () => import("../filters/nofilter.ts"),
  offset: () => import("../filters/offset.ts"),
  partition: () => import("../filters/partition.ts"),
  readahead: () => import("../filters/readahead.ts"),
  retry: () => import("../filters/retry.ts"),
  "retry-request": () => import("../filters/retry-request.ts"),
  tar: () => import("../filters/tar.ts"),
  truncate: () => import("../filters/truncate.ts"),
};
