import { payloadBytesMax } from "../protocol/client/limits.ts";
import type { BlockSize } from "../protocol/export-info.ts";

/** The longest range that 32 bits can name and that is whole blocks of any size the specification allows. */
export const shortRangeMax: bigint = 2n ** 32n - 2n ** 16n;

/** What one request may carry: the server's maximum, in whole blocks, and never more than servers must bear. */
export function payloadMax(blockSize: BlockSize | undefined): number {
  if (blockSize === undefined) return payloadBytesMax;
  const maximum = Math.min(blockSize.maximum, payloadBytesMax);
  return maximum - (maximum % blockSize.minimum);
}

/** Cuts a buffer into views of at most `max` bytes. */
export function* cutBytes(bytes: Buffer, max: number): Generator<{ at: number; piece: Buffer }> {
  for (let at = 0; at < bytes.length; at += max) yield { at, piece: bytes.subarray(at, at + max) };
}

/** Cuts a range into ranges of at most `max` bytes. */
export function* cutRange(
  offset: bigint,
  length: bigint,
  max: bigint,
): Generator<{ offset: bigint; length: bigint }> {
  const end = offset + length;
  for (let at = offset; at < end; at += max) yield { offset: at, length: end - at < max ? end - at : max };
}

/**
 * Waits for every piece before it throws the first error: a piece still under way would go on writing
 * into a buffer that the caller takes for its own again.
 */
export async function allSettled(pieces: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(pieces)) {
    if (result.status === "rejected") throw result.reason;
  }
}
