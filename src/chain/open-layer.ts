import type { OpenNext } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { checkedChanges, checkedHandle } from "./answers.ts";
import type { AnyFilter, AnyPlugin, Component } from "./component.ts";
import { guarded } from "./guard.ts";

/**
 * Opens the plugin.
 *
 * @throws what the plugin throws, and NbdError EINVAL for a value that is no handle
 */
export async function openPlugin(plugin: Component<AnyPlugin>, request: OpenRequest): Promise<Handle> {
  const { definition, state } = plugin;
  const handle = await accepted(`${definition.name}'s open`, await definition.open(state, request));
  return guardedHandle(plugin, handle);
}

/**
 * Opens the next layer and applies the changes of a filter.
 *
 * @throws what a layer throws, and NbdError EINVAL for a value that is no handle; nothing is left open then
 */
export async function openFilter(
  filter: Component<AnyFilter>,
  next: OpenNext,
  request: OpenRequest,
): Promise<Handle> {
  const { definition, state } = filter;
  const below = await openNext(filter, next, request);
  if (definition.open === undefined) return below;
  let changes: HandleChanges;
  try {
    changes = checkedChanges(definition.name, await definition.open(below, state, request));
  } catch (error) {
    await below.close?.();
    throw error;
  }
  const merged = await accepted(`${definition.name}'s open`, applyChanges(below, changes));
  return guarded(definition.name, merged, changes, filter.trust);
}

/**
 * Opens the next layer through the filter's `openNext`, which may return a handle of the next layer, which is
 * already guarded, or a handle of its own.
 */
async function openNext(filter: Component<AnyFilter>, next: OpenNext, request: OpenRequest): Promise<Handle> {
  const { definition, state } = filter;
  if (definition.openNext === undefined) return next(request);
  const opened = new Set<Handle>();
  const remembering: OpenNext = async (asked) => {
    const handle = await next(asked);
    opened.add(handle);
    return handle;
  };
  const below = await definition.openNext(remembering, state, request);
  const handle = await accepted(`${definition.name}'s openNext`, below);
  return opened.has(handle) ? handle : guardedHandle(filter, handle);
}

function guardedHandle({ definition, trust }: Component, handle: Handle): Handle {
  return trust === "full" ? handle : guarded(definition.name, applyChanges(handle, {}), handle, trust);
}

/**
 * Checks a handle, and closes it when it is not valid.
 *
 * @param from the plugin or filter, and its function
 */
async function accepted(from: string, handle: Handle): Promise<Handle> {
  try {
    return checkedHandle(from, handle);
  } catch (error) {
    // The handle is unusable but open, so close it. Errors of `close` are ignored: the fault is reported
    // anyway, and may be `close` itself.
    await (async () => handle?.close?.())().catch(() => {});
    throw error;
  }
}
