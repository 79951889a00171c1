import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, size } from "../contract/parameter.ts";
import { PerExport } from "../kit/per-export.ts";
import { preferringBlocks } from "../kit/preferring.ts";
import { type Toggle, toggle } from "../kit/toggle.ts";
import { completeHandle } from "../served/complete-handle.ts";
import { forEachPiece, yieldBytes } from "../served/pieces.ts";
import { Overlay } from "./cow/overlay.ts";

interface State {
  readonly "cow-block-size": bigint;
  readonly "cow-on-cache": boolean;
  readonly "cow-on-read": Toggle;
  readonly overlays: PerExport<Overlay>;
}

/**
 * Serves a temporary writable copy of a disk that is never written to: nbdkit-cow-filter(1). All clients of
 * an export share the overlay. The overlay is lost when the server exits.
 */
const cow: Filter = defineFilter({
  name: "cow",
  longname: "nbdkit copy-on-write (COW) filter",
  parameters: {
    // Limits of nbdkit: smaller blocks need too much memory for their states, larger ones are not addressable.
    "cow-block-size": size(
      { default: 65_536n, min: 4096n, max: 2n ** 31n, powerOfTwo: true, help: "Block size of the overlay" },
      (key) => `${key} is out of range (4096..2G) or not a power of 2`,
    ),
    "cow-on-cache": boolean({ default: false, help: "Copy blocks into the overlay for a cache request" }),
    "cow-on-read": toggle({
      help: "Copy blocks that are read; with a path, only while that file exists",
    }),
  },
  debugFlags: ["verbose"],
  configComplete: (values, host): State => ({
    ...values,
    overlays: new PerExport(
      ({ size }) => new Overlay(Number(values["cow-block-size"]), size, values["cow-on-read"], host),
    ),
  }),
  openNext: (next, _state, request) => next({ ...request, readOnly: true }),
  open(next, { overlays, ...options }: State, { exportName, signal }) {
    const overlay = overlays.enter(exportName, next);
    const below = completeHandle(next);
    return {
      read: (into, offset) => overlay.read(below, into, offset),
      readNow: (buffer, start, end, offset) => overlay.readNow(below, buffer, start, end, offset),
      write: (from, offset) => overlay.write(below, from, offset),
      writeNow: (buffer, start, end, offset) => overlay.writeNow(buffer, start, end, offset),
      flush: () => {},
      trim: (offset, length) => overlay.zero(below, offset, length),
      zero: (offset, length, { fastZero }) => overlay.zero(below, offset, length, fastZero),
      cache: (offset, length) =>
        options["cow-on-cache"]
          ? forEachPiece({ offset, length }, yieldBytes, signal, (at, bytes) =>
              overlay.copy(below, at, bytes),
            )
          : below.cache(offset, length),
      extents: (offset, length, requestOne) => overlay.extents(below, offset, length, requestOne),
      close: () => overlays.leave(exportName),
      blockSize: preferringBlocks(next, Number(options["cow-block-size"])),
      // FUA needs no work: the overlay does not survive the server.
      nativeFua: true,
      fuaByFlushing: false,
      fastZero: true,
      multiConn: true,
      // They describe the disk below, not the overlay.
      metaContexts: undefined,
      // Each export name has its own overlay.
      identity: undefined,
    };
  },
  unload: ({ overlays }: State) => overlays.close(),
});
export default cow;
