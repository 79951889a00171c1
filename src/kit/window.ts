import type { Handle, HandleChanges } from "../contract/handle.ts";
import { applyChanges } from "./apply-changes.ts";
import { underLayer } from "./transferable.ts";

/**
 * Returns the changes of a filter that shows only a part of the disk below it.
 *
 * @param start first byte of the part
 * @param size size of the part; bytes
 */
export function windowOn(next: Handle, start: bigint, size: bigint): HandleChanges {
  const { read, write, trim, zero, cache, extents, metaContexts } = applyChanges(next, {});
  return {
    size,
    identity: next.identity && `from ${start} of ${next.identity}`,
    transferable: underLayer(next.transferable, { kind: "window", start, size }),
    ...nowShifted(next, Number(start)),
    read: (into, offset) => read(into, offset + start),
    write: write && ((from, offset, flags) => write(from, offset + start, flags)),
    trim: trim && ((offset, length, flags) => trim(offset + start, length, flags)),
    zero: zero && ((offset, length, flags) => zero(offset + start, length, flags)),
    cache: cache && ((offset, length) => cache(offset + start, length)),
    extents: extents && ((offset, length, requestOne) => extents(offset + start, length, requestOne)),
    metaContexts: metaContexts?.map((context) => ({
      ...context,
      status: (offset, length, requestOne) => context.status(offset + start, length, requestOne),
    })),
  };
}

/** Numbers above this are not exact, so the fast path declines such offsets. */
const exactMax = Number.MAX_SAFE_INTEGER;

function nowShifted(next: Handle, start: number): HandleChanges {
  const { readNow, writeNow } = applyChanges(next, {});
  return {
    readNow:
      readNow &&
      ((buffer, from, to, offset) => offset + start < exactMax && readNow(buffer, from, to, offset + start)),
    writeNow:
      writeNow &&
      ((buffer, from, to, offset) => offset + start < exactMax && writeNow(buffer, from, to, offset + start)),
  };
}
