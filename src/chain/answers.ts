import type { Handle, HandleChanges } from "../contract/handle.ts";
import { blockSizeShape, handleMembers, handleShape, metaContextShape } from "../contract/handle-shape.ts";
import { checkContexts } from "../contract/meta-context.ts";
import { type ExportItem, type ThreadModel, threadModels } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { aString } from "../core/kinds.ts";
import { isPlain, memberFault, type Own, type Shape } from "../core/shape.ts";
import { checkBlockSize } from "../served/block-size.ts";

// Plugins and filters may be written in JavaScript, without type checking. These functions check what they
// return once, on the way in.

/**
 * Checks the handle of a plugin.
 *
 * @param from the function that returned it, for the message: "mine's open"
 * @throws NbdError EINVAL for a value that is no handle, or has impossible properties
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
 * Checks the changes of a filter.
 *
 * @param owner name of the filter, for the message
 * @returns the changes as a plain object, whatever class they are of
 * @throws NbdError EINVAL for values that are no changes
 */
export function checkedChanges(owner: string, changes: HandleChanges): HandleChanges {
  if (typeof changes !== "object" || changes === null)
    throw wrong(`what ${owner}'s open returned must be an object with what changes: {} changes nothing`);
  checkMembers(`what ${owner}'s open returned`, changes, handleShape, "state");
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

/**
 * Checks a list of exports.
 *
 * @param owner name of the plugin or filter, for the message
 * @throws NbdError EINVAL
 */
export function checkedExports(owner: string, exports: readonly ExportItem[]): readonly ExportItem[] {
  if (Array.isArray(exports) && exports.every(isExport)) {
    for (const item of exports)
      checkMembers(`an export that ${owner}'s listExports returned`, item, exportShape, "nothing");
    return exports;
  }
  throw wrong(
    `what ${owner}'s listExports returned is no list of exports: use [{ name: "...", description: "..." }]`,
  );
}

/**
 * Checks the name of a default export.
 *
 * @throws NbdError EINVAL
 */
export function checkedName(owner: string, name: string): string {
  if (typeof name === "string") return name;
  throw wrong(`the name that ${owner}'s defaultExport returned must be a string, and is ${String(name)}`);
}

/**
 * Checks the name of a thread model.
 *
 * @throws NbdError EINVAL
 */
export function checkedThreadModel(owner: string, model: string): ThreadModel {
  const known = threadModels.find((one) => one === model);
  if (known !== undefined) return known;
  throw wrong(
    `the threadModel of ${owner} must be one of ${threadModels.join(", ")}, and is ${String(model)}`,
  );
}

const exportShape: Shape<ExportItem> = { name: aString, description: aString };

/**
 * Checks the names and types of the members.
 *
 * @throws NbdError EINVAL
 */
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
