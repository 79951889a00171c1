import type { StatusExtent } from "../core/extent.ts";

/** Joins neighbours in the same state: servers cut extents where it suits them. */
export async function* joinEqual(
  extents: AsyncIterable<StatusExtent>,
): AsyncGenerator<StatusExtent, void, undefined> {
  let pending: StatusExtent | undefined;
  for await (const extent of extents) {
    if (pending?.state === extent.state) {
      pending = { length: pending.length + extent.length, state: pending.state };
    } else {
      if (pending !== undefined) yield pending;
      pending = extent;
    }
  }
  if (pending !== undefined) yield pending;
}
