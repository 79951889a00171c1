import type { OpenNext } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { checkedChanges, checkedHandle } from "./answers.ts";
import type { AnyFilter, AnyPlugin, Component } from "./component.ts";
import { guarded } from "./guard.ts";

/** @throws whatever the plugin throws, and NbdError EINVAL for an answer that is no handle */
export async function openPlugin(plugin: Component<AnyPlugin>, request: OpenRequest): Promise<Handle> {
  const { definition, state } = plugin;
  const handle = await accepted(`${definition.name}'s open`, await definition.open(state, request));
  return guardedHandle(plugin, handle);
}

/**
 * What the next layer opened, with the changes of a filter.
 * @throws likewise; nothing is left open then
 */
export async function openFilter(
  filter: Component<AnyFilter>,
  next: OpenNext,
  request: OpenRequest,
): Promise<Handle> {
  const { definition, state } = filter;
  const below =
    definition.openNext === undefined ? await next(request) : await openNext(filter, next, request);
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

/** What a filter returns may be a handle of the next layer, which is guarded already, or one of its own. */
async function openNext(filter: Component<AnyFilter>, next: OpenNext, request: OpenRequest): Promise<Handle> {
  const { definition, state } = filter;
  const opened = new Set<Handle>();
  const remembering: OpenNext = async (asked) => {
    const handle = await next(asked);
    opened.add(handle);
    return handle;
  };
  const below = await definition.openNext!(remembering, state, request);
  const handle = await accepted(`${definition.name}'s openNext`, below);
  return opened.has(handle) ? handle : guardedHandle(filter, handle);
}

function guardedHandle({ definition, trust }: Component, handle: Handle): Handle {
  return trust === "full" ? handle : guarded(definition.name, applyChanges(handle, {}), handle, trust);
}

/** @param from the plugin or filter, and its function */
async function accepted(from: string, handle: Handle): Promise<Handle> {
  try {
    return checkedHandle(from, handle);
  } catch (error) {
    // It is of no use, but it is open. What is wrong is said anyway, and may be its `close`.
    await (async () => handle?.close?.())().catch(() => {});
    throw error;
  }
}
