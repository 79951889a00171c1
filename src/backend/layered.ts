import { applyChanges } from "./filter.ts";
import type { Handle } from "./handle.ts";
import type { TransferableLayer } from "./transferable.ts";
import { windowOn } from "./window.ts";

/** A handle that was made again in another thread, under the same filters as before. */
export function layered(handle: Handle, layers: readonly TransferableLayer[] = []): Handle {
  return layers.reduce(
    (below, layer) =>
      applyChanges(below, layer.kind === "window" ? windowOn(below, layer.start, layer.size) : layer.changes),
    handle,
  );
}
