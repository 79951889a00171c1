import type { AnyFilter } from "../backend/component.ts";

type Load = () => Promise<{ readonly default: AnyFilter }>;

/** The filters in this package, each loaded only when it is named. */
export const builtInFilters: Readonly<Record<string, Load>> = {
  exitlast: () => import("../filters/exitlast.ts"),
  exitwhen: () => import("../filters/exitwhen.ts"),
  noextents: () => import("../filters/noextents.ts"),
  nofilter: () => import("../filters/nofilter.ts"),
  retry: () => import("../filters/retry.ts"),
  "retry-request": () => import("../filters/retry-request.ts"),
  tar: () => import("../filters/tar.ts"),
};
