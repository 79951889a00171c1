import type { HandleChanges, TransferableHandle, TransferableLayer } from "../contract/handle.ts";

/** The same handle under one more layer. */
export function underLayer(
  transferable: TransferableHandle | undefined,
  layer: TransferableLayer,
): TransferableHandle | undefined {
  return transferable && { ...transferable, layers: [...(transferable.layers ?? []), layer] };
}

/** What these changes leave of it: where they are plain values, another thread can make them too. */
export function underChanges(
  transferable: TransferableHandle | undefined,
  { close: _, ...changes }: HandleChanges,
): TransferableHandle | undefined {
  // Only the thread that opened a handle closes it, so a filter may do there what it likes.
  if (Object.keys(changes).length === 0) return transferable;
  return isPlain(changes) ? underLayer(transferable, { kind: "values", changes }) : undefined;
}

function isPlain({ metaContexts = [], ...changes }: HandleChanges): boolean {
  return metaContexts.length === 0 && Object.values(changes).every((value) => typeof value !== "function");
}
