import type { Handle, WriteFlags } from "../contract/handle.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import { pieceBytesFor } from "./block-size.ts";
import { forEachPiece } from "./pieces.ts";

/** Zeroes for everyone to write from; nobody writes to them. */
const zeroes: Uint8Array = new Uint8Array(256 * 1024);

/**
 * What the server does for handles that cannot zero a range: it writes zeroes. Forcing every piece to the disk
 * would be slow, so where there are several and the handle can flush, that is done once, at the end.
 */
export async function writeZeroes(
  handle: Handle,
  offset: bigint,
  length: number,
  flags: WriteFlags,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pieceBytes = pieceBytesFor(handle, zeroes.length);
  const flushLast = flags.fua && length > pieceBytes && handle.flush !== undefined;
  const pieceFlags: WriteFlags = flushLast ? { fua: false } : flags;
  await forEachPiece({ offset, length }, pieceBytes, signal, (at, bytes) =>
    handle.write!(zeroes.subarray(0, bytes), at, pieceFlags),
  );
  if (flushLast) await handle.flush!();
}

export const withoutFua: WriteFlags = { fua: false };

/** Runs a request that changes something and must be safe when it is answered: where the handle does not see to that itself, a flush follows. */
export function withFua(
  handle: Handle,
  change: (flags: WriteFlags) => MaybePromise<void>,
): MaybePromise<void> {
  if (handle.nativeFua === true) return change({ fua: true });
  const done = change(withoutFua);
  return isPromise(done) ? done.then(() => handle.flush?.()) : handle.flush?.();
}
