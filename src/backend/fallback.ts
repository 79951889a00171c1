import type { Handle, WriteFlags } from "./handle.ts";
import { forEachPiece } from "./pieces.ts";

/** Zeroes for everyone to write from; nobody writes to them. */
const zeroes: Uint8Array = new Uint8Array(256 * 1024);

/**
 * What the server does for handles that cannot zero a range: it writes zeroes. Forcing every piece to the disk
 * would be slow, so where the handle can flush, that is done once, at the end.
 */
export async function writeZeroes(
  handle: Handle,
  offset: bigint,
  length: number,
  flags: WriteFlags,
  signal: AbortSignal | undefined,
): Promise<void> {
  const flushLast = flags.fua && handle.flush !== undefined;
  const pieceFlags: WriteFlags = flushLast ? { fua: false } : flags;
  await forEachPiece({ offset, length }, zeroes.length, signal, (at, bytes) =>
    handle.write!(zeroes.subarray(0, bytes), at, pieceFlags),
  );
  if (flushLast) await handle.flush!();
}
