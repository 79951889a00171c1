import type { HandleChanges, TransferableHandle, TransferableLayer } from "../contract/handle.ts";

/** Returns the transferable handle with one more layer. */
export function underLayer(
  transferable: TransferableHandle | undefined,
  layer: TransferableLayer,
): TransferableHandle | undefined {
  return transferable && { ...transferable, layers: [...(transferable.layers ?? []), layer] };
}

/**
 * Returns the transferable handle with the changes of a filter. Changes that are plain values can be repeated
 * in a worker thread; with any function, the handle is no longer transferable.
 */
export function underChanges(
  transferable: TransferableHandle | undefined,
  { close: _, ...changes }: HandleChanges,
): TransferableHandle | undefined {
  // Only the thread that opened a handle closes it, so `close` may be any function.
  if (Object.keys(changes).length === 0) return transferable;
  return isPlain(changes) ? underLayer(transferable, { kind: "values", changes }) : undefined;
}

function isPlain({ metaContexts = [], ...changes }: HandleChanges): boolean {
  return metaContexts.length === 0 && Object.values(changes).every((value) => typeof value !== "function");
}
