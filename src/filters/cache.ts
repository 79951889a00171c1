import { statfsSync } from "node:fs";
import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import { choice, integer, size } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { temporaryFolder } from "../descriptor/temporary-file.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { PerExport } from "../kit/per-export.ts";
import { preferringBlocks } from "../kit/preferring.ts";
import { type Toggle, toggle } from "../kit/toggle.ts";
import { type CompleteHandle, completeHandle } from "../served/complete-handle.ts";
import { forEachPiece, yieldBytes } from "../served/pieces.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import { BlockCache } from "./cache/block-cache.ts";
import type { Limit } from "./cache/recency.ts";

interface Values {
  readonly cache: "writeback" | "writethrough" | "unsafe";
  readonly "cache-min-block-size": bigint;
  readonly "cache-max-size": bigint | undefined;
  readonly "cache-high-threshold": number;
  readonly "cache-low-threshold": number;
  readonly "cache-on-read": Toggle;
}

interface State extends Values {
  readonly blockBytes: number;
  readonly caches: PerExport<BlockCache>;
}

/** Keeps blocks of a slow disk in a temporary file: nbdkit-cache-filter(1). */
const cache: Filter = defineFilter({
  name: "cache",
  longname: "nbdkit caching filter",
  parameters: {
    cache: choice(["writeback", "writethrough", "unsafe"], {
      default: "writeback",
      help: "When writes reach the disk: at the next flush (writeback), at once (writethrough), maybe never (unsafe)",
    }),
    "cache-min-block-size": size(
      {
        default: 65_536n,
        min: 4096n,
        // Block numbers must fit into a JavaScript number, and larger blocks have no use.
        max: 2n ** 31n,
        powerOfTwo: true,
        help: "Block size of the cache; at least the block size of its file system",
      },
      (key) => `${key} is not a power of 2, or is too small or too large: use 4k to 2G`,
    ),
    "cache-max-size": size(
      // nbdkit's minimum.
      { min: 1024n * 1024n, defaultText: "no limit", help: "Maximum size of the cache" },
      (key) => `${key} is too small: use at least 1M`,
    ),
    "cache-high-threshold": percent(95, "Percentage of cache-max-size at which eviction starts"),
    "cache-low-threshold": percent(80, "Percentage of cache-max-size at which eviction stops"),
    "cache-on-read": toggle({
      help: "Cache blocks that are read; with a path, only while that file exists",
    }),
  },
  debugFlags: ["verbose"],
  configComplete(values: Values, host): State {
    const blockBytes = blockBytesFor(values["cache-min-block-size"]);
    const limit = limitFor(values);
    const create = ({ size, blockSize }: Handle) => {
      const options = { mode: values.cache, keepsReads: values["cache-on-read"], limit, host };
      return new BlockCache({ ...options, blockBytes: Math.max(blockBytes, blockSize?.minimum ?? 1) }, size);
    };
    return { ...values, blockBytes, caches: new PerExport(create) };
  },
  /**
   * In writeback mode, the layers below get a signal that outlives the client: after a disconnect, the cache
   * still writes dirty blocks to the disk, and a layer below would abort these writes when the client's
   * signal aborts.
   */
  openNext: (next, state: State, request) =>
    next(state.cache === "writeback" ? { ...request, signal: sharedAbort().signal } : request),
  open(next, state: State, { exportName, readOnly, signal }) {
    const disk = next.identity ?? exportName;
    const kept = state.caches.enter(disk, next);
    // A read-only connection must not write back the dirty blocks of other connections.
    const below = completeHandle(applyChanges(next, readOnly ? { write: undefined } : {}));
    const unsafe = state.cache === "unsafe";
    return {
      read: (into, offset) => kept.read(below, into, offset),
      readNow: (buffer, start, end, offset) => kept.readNow(below, buffer, start, end, offset),
      ...(below.canWrite && (unsafe ? keeping(kept, below, next) : changing(kept, below, next))),
      // Dirty blocks need a flush, even when the disk below has no flush.
      ...((state.cache !== "writethrough" || below.canFlush) && { flush: () => kept.flush(below) }),
      cache: (offset, length) =>
        forEachPiece({ offset, length }, yieldBytes, signal, (at, bytes) => kept.copy(below, at, bytes)),
      extents: next.extents && ((offset, length, one) => kept.extents(below, offset, length, one)),
      async close() {
        try {
          // A client that died did not flush, and no later client may come to do it.
          if (!unsafe) await kept.settle(below);
        } finally {
          state.caches.leave(disk);
        }
      },
      blockSize: preferringBlocks(next, state.blockBytes),
      ...(unsafe && { nativeFua: true, fuaByFlushing: false, multiConn: true }),
    };
  },
  unload: ({ caches }: State) => caches.close(),
});
export default cache;

function changing(kept: BlockCache, below: CompleteHandle, { trim, zero }: Handle): HandleChanges {
  return {
    write: (from, offset, flags) => kept.write(below, from, offset, flags),
    writeNow: (buffer, start, end, offset) => kept.writeNow(below, buffer, start, end, offset),
    trim:
      trim &&
      ((offset, length, flags) =>
        kept.bypass(below, offset, length, flags, (changed) => below.trim(offset, length, changed))),
    zero:
      zero &&
      ((offset, length, flags) =>
        kept.bypass(below, offset, length, flags, (changed) =>
          below.zero(offset, length, { ...flags, ...changed }),
        )),
  };
}

/** Unsafe mode: zeroes are written to the cache, and trims are dropped. */
function keeping(kept: BlockCache, below: CompleteHandle, next: Handle): HandleChanges {
  const { write, writeNow } = changing(kept, below, next);
  return { write, writeNow, zero: undefined, zeroByWriting: true, trim: next.trim && (() => {}) };
}

function percent(value: number, help: string) {
  return integer({ default: value, min: 1, max: 2 ** 32 - 1, unit: "percent", help });
}

/** At least the block size of the file system: eviction punches a hole, which cannot be smaller. */
function blockBytesFor(minimum: bigint): number {
  const { bsize } = statfsSync(temporaryFolder());
  return Math.max(Number(minimum), Number.isInteger(Math.log2(bsize)) ? bsize : 0);
}

function limitFor(values: Values): Limit | undefined {
  const { "cache-max-size": max, "cache-high-threshold": high, "cache-low-threshold": low } = values;
  if (max === undefined) return undefined;
  if (low >= high) {
    throw new NbdError(
      "EINVAL",
      `cache-low-threshold must be less than cache-high-threshold: ${low} is not less than ${high}`,
    );
  }
  return { high: (Number(max) * high) / 100, low: (Number(max) * low) / 100 };
}
