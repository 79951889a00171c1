import type { Handle, HandleChanges, WriteFlags, ZeroFlags } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { ServedExport } from "../served/served-export.ts";

/** One request, for filters that treat all kinds alike. Offsets and lengths are bytes. */
export type Operation =
  | { readonly kind: "read"; readonly offset: bigint; readonly length: number }
  | {
      readonly kind: "write";
      readonly offset: bigint;
      readonly length: number;
      readonly from: Uint8Array;
      readonly flags: WriteFlags;
    }
  | { readonly kind: "flush" }
  | { readonly kind: "trim"; readonly offset: bigint; readonly length: number; readonly flags: WriteFlags }
  | { readonly kind: "zero"; readonly offset: bigint; readonly length: number; readonly flags: ZeroFlags }
  | { readonly kind: "cache"; readonly offset: bigint; readonly length: number }
  | {
      readonly kind: "extents";
      readonly offset: bigint;
      readonly length: number;
      readonly requestOne: boolean;
    };

/**
 * Handles one request of a client. `perform` sends the request to the next layer, or to another export; call
 * it at once, later, several times or not at all.
 */
export type Interceptor = <Result>(
  operation: Operation,
  perform: (on?: ServedExport) => MaybePromise<Result>,
) => MaybePromise<Result>;

/**
 * Returns changes that pass every request through one interceptor. The interceptor sees each request as the
 * client sent it: FUA or zeroing is one request, also where the server implements it by flushing or writing
 * below.
 *
 * @param next handle of the next layer
 * @param request the client's request to open the export
 * @param wrap the interceptor
 */
export function intercept(next: Handle, request: OpenRequest, wrap: Interceptor): HandleChanges {
  const below = new ServedExport(next, request.readOnly, request.signal);
  return {
    read: (into, offset) =>
      wrap({ kind: "read", offset, length: into.length }, (on = below) => on.read(into, offset)),
    write: below.canWrite
      ? (from, offset, flags) =>
          wrap({ kind: "write", offset, length: from.length, from, flags }, (on = below) =>
            on.write(from, offset, flags.fua),
          )
      : undefined,
    flush: below.canFlush ? () => wrap({ kind: "flush" }, (on = below) => on.flush()) : undefined,
    trim: below.canTrim
      ? (offset, length, flags) =>
          wrap({ kind: "trim", offset, length, flags }, (on = below) => on.trim(offset, length, flags.fua))
      : undefined,
    zero: below.canZero
      ? (offset, length, flags) =>
          wrap({ kind: "zero", offset, length, flags }, (on = below) => on.zero(offset, length, flags))
      : undefined,
    cache: next.cache
      ? (offset, length) => wrap({ kind: "cache", offset, length }, (on = below) => on.cache(offset, length))
      : undefined,
    extents: next.extents
      ? (offset, length, requestOne) =>
          wrap({ kind: "extents", offset, length, requestOne }, (on = below) =>
            on.extents(offset, length, requestOne),
          )
      : undefined,
    nativeFua: below.canFua,
    fuaByFlushing: below.fuaFlushes,
    fastZero: below.canFastZero,
    zeroByWriting: false,
  };
}
