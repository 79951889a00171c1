import type { Handle, HandleChanges } from "../contract/handle.ts";
import { blockSizeShape, handleMembers, handleShape, metaContextShape } from "../contract/handle-shape.ts";
import { checkContexts } from "../contract/meta-context.ts";
import { type ExportItem, type ThreadModel, threadModels } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { aString } from "../core/kinds.ts";
import { isPlain, memberFault, type Own, type Shape } from "../core/shape.ts";
import { checkBlockSize } from "../served/block-size.ts";

// Plugins and filters may be written without types: what they answer is looked at once, where it comes in.

/**
 * @param from whose function made it: "mine's open"
 * @throws NbdError EINVAL for what is no handle, or says of a disk what cannot be
 */
export function checkedHandle(from: string, handle: Handle): Handle {
  if (typeof handle?.read !== "function")
    throw wrong(`what ${from} returned is no handle: it has no read function`);
  checkMembers(`what ${from} returned`, handle, handleShape, "state");
  const { size, blockSize, metaContexts = [] } = handle;
  if (size === undefined) throw wrong(`what ${from} returned is no handle: it has no size`);
  checkBlockSize(from, blockSize);
  if (blockSize !== undefined)
    checkMembers(`the blockSize that ${from} returned`, blockSize, blockSizeShape, "nothing");
  checkContexts(from, metaContexts);
  for (const context of metaContexts)
    checkMembers(`a metadata context that ${from} returned`, context, metaContextShape, "nothing");
  return handle;
}

/**
 * @param who the filter
 * @returns the changes as a plain object, whatever class they are of
 * @throws NbdError EINVAL for what is none
 */
export function checkedChanges(who: string, changes: HandleChanges): HandleChanges {
  if (typeof changes !== "object" || changes === null)
    throw wrong(`what ${who}'s open returned must be an object with what changes: {} changes nothing`);
  checkMembers(`what ${who}'s open returned`, changes, handleShape, "state");
  return isPlain(changes) ? changes : membersOf(changes);
}

function membersOf(changes: HandleChanges): HandleChanges {
  const present = handleMembers.filter((name) => name in changes);
  return Object.fromEntries(
    present.map((name) => {
      const member = changes[name];
      return [name, typeof member === "function" ? member.bind(changes) : member];
    }),
  );
}

/** @param who the plugin or filter. @throws NbdError EINVAL for what is no list of exports */
export function checkedExports(who: string, exports: readonly ExportItem[]): readonly ExportItem[] {
  if (Array.isArray(exports) && exports.every(isExport)) {
    for (const item of exports)
      checkMembers(`an export that ${who}'s listExports returned`, item, exportShape, "nothing");
    return exports;
  }
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

const exportShape: Shape<ExportItem> = { name: aString, description: aString };

/** @throws NbdError EINVAL for members that are unknown, or of another kind */
function checkMembers(what: string, value: object, shape: Shape, own: Own): void {
  const fault = memberFault(value, shape, own);
  if (fault !== undefined) throw wrong(`${what}: ${fault}`);
}

function isExport(item: ExportItem | null): boolean {
  return typeof item?.name === "string" && ["string", "undefined"].includes(typeof item.description);
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
