import { checkedChanges, checkedHandle } from "./answers.ts";
import type { AnyFilter, AnyPlugin, Component } from "./component.ts";
import { type HandleChanges, type OpenNext, overlay } from "./filter.ts";
import type { Handle } from "./handle.ts";
import type { OpenRequest } from "./plugin.ts";

/** @throws whatever the plugin throws, and NbdError EINVAL for an answer that is no handle */
export async function openPlugin(plugin: Component<AnyPlugin>, request: OpenRequest): Promise<Handle> {
  const { definition, state } = plugin;
  return accepted(`${definition.name}'s open`, await definition.open(state, request));
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
    definition.openNext === undefined
      ? await next(request)
      : await accepted(`${definition.name}'s openNext`, await definition.openNext(next, state, request));
  if (definition.open === undefined) return below;
  let changes: HandleChanges;
  try {
    changes = checkedChanges(definition.name, await definition.open(below, state, request));
  } catch (error) {
    await below.close?.();
    throw error;
  }
  return accepted(`${definition.name}'s open`, overlay(below, changes));
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
