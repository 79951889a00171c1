import type { Handle, WriteFlags } from "../contract/handle.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import { pieceBytesFor } from "./block-size.ts";
import type { CompleteHandle } from "./complete-handle.ts";
import { forEachPiece } from "./pieces.ts";

/** A shared buffer of zeroes to write from; no caller writes into it. */
const zeroes: Uint8Array = new Uint8Array(256 * 1024);

/**
 * Writes zeroes, for handles that cannot zero a range. FUA on every piece would be slow: where there are
 * several pieces and the handle can flush, one flush follows at the end.
 */
export async function writeZeroes(
  handle: CompleteHandle,
  offset: bigint,
  length: number,
  flags: WriteFlags,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pieceBytes = pieceBytesFor(handle, zeroes.length);
  const flushLast = flags.fua && length > pieceBytes && handle.canFlush;
  const pieceFlags: WriteFlags = flushLast ? { fua: false } : flags;
  await forEachPiece({ offset, length }, pieceBytes, signal, (at, bytes) =>
    handle.write(zeroes.subarray(0, bytes), at, pieceFlags),
  );
  if (flushLast) await handle.flush();
}

export const withoutFua: WriteFlags = { fua: false };

/**
 * Runs a change with FUA: passes FUA on where the handle honours it, and flushes after the change otherwise.
 */
export function withFua(
  handle: Handle,
  change: (flags: WriteFlags) => MaybePromise<void>,
): MaybePromise<void> {
  if (handle.nativeFua === true) return change({ fua: true });
  const done = change(withoutFua);
  return isPromise(done) ? done.then(() => handle.flush?.()) : handle.flush?.();
}
