/**
 * The API for filters. It re-exports the plugin API, because parameters, errors, clients, locks and blocks
 * are the same.
 */

export {
  type DefaultExport,
  defineFilter,
  type Filter,
  type ListExports,
  type OpenNext,
} from "./contract/filter.ts";
export type { HandleChanges } from "./contract/handle.ts";
export { applyChanges } from "./kit/apply-changes.ts";
export { Clients } from "./kit/clients.ts";
export { type Interceptor, intercept, type Operation } from "./kit/intercept.ts";
export { type Kept, PerExport } from "./kit/per-export.ts";
export { preferringBlocks } from "./kit/preferring.ts";
export { type Recover, repeat } from "./kit/repeat.ts";
export { delayed, wait } from "./kit/sleep.ts";
export { type Toggle, toggle } from "./kit/toggle.ts";
export { windowOn } from "./kit/window.ts";
export * from "./plugin.ts";
export { clipExtents, type StatusRange } from "./served/extents.ts";
export { sharedAbort } from "./served/shared-abort.ts";
