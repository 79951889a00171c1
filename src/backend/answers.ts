import { NbdError } from "../core/errors.ts";
import { checkBlockSize } from "./block-size.ts";
import type { HandleChanges } from "./filter.ts";
import type { Handle } from "./handle.ts";
import { checkContexts } from "./meta-context.ts";
import { type ExportItem, type ThreadModel, threadModels } from "./plugin.ts";

// Plugins and filters may be written without types: what they answer is looked at once, where it comes in.

/**
 * @param from whose function made it: "mine's open"
 * @throws NbdError EINVAL for what is no handle, or says of a disk what cannot be
 */
export function checkedHandle(from: string, handle: Handle): Handle {
  if (typeof handle?.read !== "function")
    throw wrong(`what ${from} returned is no handle: it has no read function`);
  checkMethods(from, handle);
  const { size, description } = handle;
  if (typeof size !== "bigint" || size < 0n || size >= 2n ** 63n)
    throw wrong(`the size that ${from} returned must be a bigint from 0 to 2^63-1, and is ${String(size)}`);
  if (description !== undefined && typeof description !== "string")
    throw wrong(`the description that ${from} returned must be a string, and is ${String(description)}`);
  checkBlockSize(from, handle.blockSize);
  checkContexts(from, handle.metaContexts);
  return handle;
}

/** @param who the filter. @throws NbdError EINVAL for what is none */
export function checkedChanges(who: string, changes: HandleChanges): HandleChanges {
  if (typeof changes !== "object" || changes === null)
    throw wrong(`what ${who}'s open returned must be an object with what changes: {} changes nothing`);
  checkMethods(`${who}'s open`, changes);
  return changes;
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

/** What a handle may do beside reading. */
const methods = [
  "write",
  "flush",
  "trim",
  "zero",
  "cache",
  "extents",
  "close",
  "readNow",
  "writeNow",
] as const satisfies readonly (keyof Handle)[];

function checkMethods(from: string, handle: HandleChanges): void {
  const broken = methods.find((name) => !["function", "undefined"].includes(typeof handle[name]));
  if (broken !== undefined) throw wrong(`the ${broken} that ${from} returned is no function`);
}

function isExport(item: ExportItem | null): boolean {
  return typeof item?.name === "string" && ["string", "undefined"].includes(typeof item.description);
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
