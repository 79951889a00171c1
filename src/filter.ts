/** What filters are made of; parameters, errors, clients, locks and blocks are those of plugins. */

export { Clients } from "./backend/clients.ts";
export { clipExtents, type StatusRange } from "./backend/extents.ts";
export {
  applyChanges,
  type DefaultExport,
  defineFilter,
  type Filter,
  type HandleChanges,
  type ListExports,
  type OpenNext,
} from "./backend/filter.ts";
export { type Interceptor, intercept, type Operation } from "./backend/intercept.ts";
export { type Kept, PerExport } from "./backend/per-export.ts";
export { preferringBlocks } from "./backend/preferring.ts";
export { type Recover, repeat } from "./backend/repeat.ts";
export { sharedAbort } from "./backend/shared-abort.ts";
export { delayed, wait } from "./backend/sleep.ts";
export { type Toggle, toggle } from "./backend/toggle.ts";
export { windowOn } from "./backend/window.ts";
export * from "./plugin.ts";
