import type { AnyFilter } from "../backend/component.ts";

type Load = () => Promise<{ readonly default: AnyFilter }>;

/** The filters in this package, each loaded only when it is named. */
export const builtInFilters: Readonly<Record<string, Load>> = {
  count: () => import("../filters/count.ts"),
  delay: () => import("../filters/delay.ts"),
  error: () => import("../filters/error.ts"),
  exitlast: () => import("../filters/exitlast.ts"),
  exitwhen: () => import("../filters/exitwhen.ts"),
  exportname: () => import("../filters/exportname.ts"),
  ip: () => import("../filters/ip.ts"),
  limit: () => import("../filters/limit.ts"),
  log: () => import("../filters/log.ts"),
  "multi-conn": () => import("../filters/multi-conn.ts"),
  nocache: () => import("../filters/nocache.ts"),
  noextents: () => import("../filters/noextents.ts"),
  nofilter: () => import("../filters/nofilter.ts"),
  noparallel: () => import("../filters/noparallel.ts"),
  nozero: () => import("../filters/nozero.ts"),
  openonce: () => import("../filters/openonce.ts"),
  pause: () => import("../filters/pause.ts"),
  protect: () => import("../filters/protect.ts"),
  rate: () => import("../filters/rate.ts"),
  readonly: () => import("../filters/readonly.ts"),
  retry: () => import("../filters/retry.ts"),
  "retry-request": () => import("../filters/retry-request.ts"),
  stats: () => import("../filters/stats.ts"),
  tar: () => import("../filters/tar.ts"),
  "time-limit": () => import("../filters/time-limit.ts"),
  "tls-fallback": () => import("../filters/tls-fallback.ts"),
};
