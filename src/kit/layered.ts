import type { Handle, TransferableLayer } from "../contract/handle.ts";
import { applyChanges } from "./apply-changes.ts";
import { windowOn } from "./window.ts";

/** Rebuilds the layers of filters on a handle that was made again in a worker thread. */
export function layered(handle: Handle, layers: readonly TransferableLayer[] = []): Handle {
  return layers.reduce(
    (below, layer) =>
      applyChanges(below, layer.kind === "window" ? windowOn(below, layer.start, layer.size) : layer.changes),
    handle,
  );
}
