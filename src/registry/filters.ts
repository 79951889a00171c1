import type { AnyFilter } from "../backend/component.ts";

type Load = () => Promise<{ readonly default: AnyFilter }>;

/** The filters in this package, each loaded only when it is named. */
export const builtInFilters: Readonly<Record<string, Load>> = {
  blocksize: () => import("../filters/blocksize.ts"),
  "blocksize-policy": () => import("../filters/blocksize-policy.ts"),
  cache: () => import("../filters/cache.ts"),
  cow: () => import("../filters/cow.ts"),
  fua: () => import("../filters/fua.ts"),
  noextents: () => import("../filters/noextents.ts"),
  nofilter: () => import("../filters/nofilter.ts"),
  offset: () => import("../filters/offset.ts"),
  partition: () => import("../filters/partition.ts"),
  truncate: () => import("../filters/truncate.ts"),
};
