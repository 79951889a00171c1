import { readFileSync } from "node:fs";
import { failure } from "../contract/failure.ts";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { path } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import type { Extent } from "../core/extent.ts";
import { firstEndingAfter } from "../core/first-ending-after.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { clipExtents } from "../served/extents.ts";
import { parseMapfile, type RescuedRange } from "./ddrescue/mapfile.ts";

type Rescued = readonly RescuedRange[];

/** Lets reads of what ddrescue could not rescue fail: nbdkit-ddrescue-filter(1). The disk is read-only. */
const ddrescue: Filter = defineFilter({
  name: "ddrescue",
  longname: "nbdkit ddrescue mapfile filter",
  parameters: {
    "ddrescue-mapfile": path({
      required: true,
      help: "Mapfile of GNU ddrescue; only ranges with status + can be read",
    }),
  },
  configComplete: (values): Rescued => rescuedIn(values["ddrescue-mapfile"]),
  openNext: (next, _state, request) => next({ ...request, readOnly: true }),
  open(next, rescued: Rescued) {
    const { read, readNow, extents } = applyChanges(next, {});
    return {
      read(into, offset) {
        if (isRescued(rescued, offset, into.length)) return read(into, offset);
        throw new NbdError("EIO", `ddrescue: not all of ${into.length} bytes at ${offset} have been rescued`);
      },
      readNow:
        readNow &&
        ((buffer, start, end, offset) =>
          isRescued(rescued, BigInt(offset), end - start) && readNow(buffer, start, end, offset)),
      extents:
        extents &&
        (async (offset, length, requestOne) => {
          const { good, until } = stateAt(rescued, offset, offset + BigInt(length));
          // Usually a hole: a program that copies the disk must read it, and find the error.
          if (!good) return [{ length: until - offset, hole: false, zero: false }];
          const found: readonly Extent[] = await extents(offset, length, requestOne);
          return clipExtents(found, { length: until - offset, block: 1n, requestOne });
        }),
      write: undefined,
      trim: undefined,
      zero: undefined,
      cache: undefined,
    };
  },
});
export default ddrescue;

function rescuedIn(path: string): Rescued {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw failure("open", path, error);
  }
  return parseMapfile(text, path);
}

function isRescued(rescued: Rescued, offset: bigint, length: number): boolean {
  const end = offset + BigInt(length);
  const { good, until } = stateAt(rescued, offset, end);
  return good && until === end;
}

/** Returns whether the byte at `offset` can be read, and up to where, but at most to `end`, that is so. */
function stateAt(
  rescued: Rescued,
  offset: bigint,
  end: bigint,
): { readonly good: boolean; readonly until: bigint } {
  const range = rescued[firstEndingAfter(rescued, offset)];
  if (range === undefined) return { good: false, until: end };
  const good = range.offset <= offset;
  const until = good ? range.offset + range.length : range.offset;
  return { good, until: until < end ? until : end };
}
