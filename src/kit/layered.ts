import type { Handle, TransferableLayer } from "../contract/handle.ts";
import { applyChanges } from "./apply-changes.ts";
import { windowOn } from "./window.ts";

/** A handle that was made again in another thread, under the same filters as before. */
export function layered(handle: Handle, layers: readonly TransferableLayer[] = []): Handle {
  return layers.reduce(
    (below, layer) =>
      applyChanges(below, layer.kind === "window" ? windowOn(below, layer.start, layer.size) : layer.changes),
    handle,
  );
}
