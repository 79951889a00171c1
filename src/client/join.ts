import type { StatusExtent } from "../core/extent.ts";

/** Joins adjacent extents that have the same state. Servers may divide a range into extents anywhere. */
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
