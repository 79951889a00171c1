import type { HandleChanges } from "./filter.ts";

/** What a handle is, and whatever is needed to make it again in another thread; only descriptors, numbers and strings. */
export interface PortableHandle {
  readonly kind: "memory" | "file";
  readonly data: unknown;
  /** What filters make of it, innermost first. */
  readonly layers?: readonly PortableLayer[];
}

/** What one filter changes, where that is no function. */
export type PortableLayer =
  | { readonly kind: "window"; readonly start: bigint; readonly size: bigint }
  | { readonly kind: "values"; readonly changes: HandleChanges };

/** The same handle under one more layer. */
export function underLayer(
  portable: PortableHandle | undefined,
  layer: PortableLayer,
): PortableHandle | undefined {
  return portable && { ...portable, layers: [...(portable.layers ?? []), layer] };
}

/** What these changes leave of it: where they are plain values, another thread can make them too. */
export function underChanges(
  portable: PortableHandle | undefined,
  { close: _, ...changes }: HandleChanges,
): PortableHandle | undefined {
  // Only the thread that opened a handle closes it, so a filter may do there what it likes.
  if (Object.keys(changes).length === 0) return portable;
  return isPlain(changes) ? underLayer(portable, { kind: "values", changes }) : undefined;
}

function isPlain({ metaContexts = [], ...changes }: HandleChanges): boolean {
  return metaContexts.length === 0 && Object.values(changes).every((value) => typeof value !== "function");
}
