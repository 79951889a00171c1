import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import { list } from "../contract/parameter.ts";
import type { Host, OpenRequest } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { forEachPiece } from "../served/pieces.ts";
import { type ProtectedRange, parseRanges } from "./protect/range.ts";

interface State {
  readonly ranges: readonly ProtectedRange[];
  readonly host: Host;
}

/** Bytes to compare at a time. */
const pieceBytes = 256 * 1024;
const zeroes = Buffer.alloc(pieceBytes);

/** Protects ranges of a disk from changes: nbdkit-protect-filter(1). */
const protect: Filter = defineFilter({
  name: "protect",
  longname: "nbdkit protect filter",
  parameters: {
    protect: list(parseRanges, {
      default: [],
      placeholder: "START-END",
      accepts: "START-END or ~START-END",
      help: "Range of bytes to protect, END included; ~START-END protects all other bytes",
    }),
  },
  debugFlags: ["write"],
  configComplete: ({ protect }, host): State => ({ ranges: protect.flat(), host }),
  open(next, state, request): HandleChanges {
    if (state.ranges.length === 0) return {};
    const checked = (
      range: { readonly offset: bigint; readonly length: number },
      bytes: Uint8Array | undefined,
      perform: () => MaybePromise<void>,
    ): MaybePromise<void> => {
      const parts = partsOf(range, state);
      return parts.length === 0 ? perform() : compareAll(next, request, parts, bytes).then(perform);
    };
    const { write, trim, zero } = applyChanges(next, {});
    return {
      write:
        write &&
        ((from, offset, flags) =>
          checked({ offset, length: from.length }, from, () => write(from, offset, flags))),
      trim:
        trim &&
        ((offset, length, flags) =>
          checked({ offset, length }, undefined, () => trim(offset, length, flags))),
      zero:
        zero &&
        ((offset, length, flags) =>
          checked({ offset, length }, undefined, () => zero(offset, length, flags))),
    };
  },
});
export default protect;

/** The part of a request that lies in a protected range. */
interface ProtectedPart {
  readonly offset: bigint;
  readonly length: number;
  /** Offset of the part in the request, in bytes. */
  readonly start: number;
  readonly range: ProtectedRange;
}

function partsOf(
  { offset, length }: { readonly offset: bigint; readonly length: number },
  { ranges, host }: State,
): readonly ProtectedPart[] {
  const end = offset + BigInt(length);
  const parts = ranges.flatMap((range) => {
    const from = range.start > offset ? range.start : offset;
    const to = range.end < end ? range.end : end;
    if (from >= to) return [];
    return [{ offset: from, length: Number(to - from), start: Number(from - offset), range }];
  });
  if (host.debugFlag("write") > 0) {
    for (const part of parts) {
      host.debug(`protect: checking protected region offset ${part.offset} length ${part.length}`);
    }
  }
  return parts;
}

/**
 * Compares the request with the disk: a write of the same data is allowed.
 * @throws NbdError EPERM for a change
 */
async function compareAll(
  next: Handle,
  { signal }: OpenRequest,
  parts: readonly ProtectedPart[],
  bytes: Uint8Array | undefined,
): Promise<void> {
  for (const part of parts) {
    const shift = BigInt(part.start) - part.offset;
    await forEachPiece(part, pieceBytes, signal, async (offset, length) => {
      const stored = Buffer.allocUnsafe(length);
      await next.read(stored, offset);
      const start = Number(offset + shift);
      const wanted = bytes?.subarray(start, start + length) ?? zeroes.subarray(0, length);
      const same = stored.equals(wanted);
      if (!same) {
        throw new NbdError("EPERM", `protect filter prevented write to protected range ${part.range.text}`);
      }
    });
  }
}
