import { NbdError } from "../core/errors.ts";
import type { Handle } from "./handle.ts";
import { type ExportItem, type ThreadModel, threadModels } from "./plugin.ts";

// Plugins and filters may be written without types: what they answer is looked at once, where it comes in.

/** @throws NbdError EINVAL for what is no handle */
export function checkedHandle(handle: Handle): Handle {
  if (typeof handle?.read === "function") return handle;
  throw wrong("what the plugin's open returned is no handle: it has no read function");
}

/** @param who the plugin or filter. @throws NbdError EINVAL for what is no list of exports */
export function checkedExports(who: string, exports: readonly ExportItem[]): readonly ExportItem[] {
  if (Array.isArray(exports) && exports.every(isExport)) return exports;
  throw wrong(
    `what ${who}'s listExports returned is no list of exports: use [{ name: "...", description: "..." }]`,
  );
}

/** @throws NbdError EINVAL for what is no name */
export function checkedName(who: string, name: string): string {
  if (typeof name === "string") return name;
  throw wrong(`the name that ${who}'s defaultExport returned must be a string, and is ${String(name)}`);
}

/** @throws NbdError EINVAL for a word that is none */
export function checkedThreadModel(who: string, model: ThreadModel): ThreadModel {
  if (threadModels.includes(model)) return model;
  throw wrong(`the threadModel of ${who} must be one of ${threadModels.join(", ")}, and is ${String(model)}`);
}

function isExport(item: ExportItem | null): boolean {
  return typeof item?.name === "string" && ["string", "undefined"].includes(typeof item.description);
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
