/** What filters are made of; parameters, errors and clients are those of plugins. */
export { type Around, around, type Operation } from "./backend/around.ts";
export {
  type DefaultExport,
  defineFilter,
  type Filter,
  type HandleChanges,
  type ListExports,
  type OpenNext,
  overlay,
} from "./backend/filter.ts";
export { sleep } from "./backend/sleep.ts";
export { windowOn } from "./backend/window.ts";
export * from "./plugin.ts";
