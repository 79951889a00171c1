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

/** Requests of one call that are under way at once: a server may take single bytes, and each request takes memory. */
const piecesMax = 64;

/**
 * Does something with a buffer in pieces of at most `max` bytes, several at a time.
 * @throws the first error, when no piece is under way any more: one would go on writing into a buffer that is the
 * caller's again
 */
export async function eachPiece(
  bytes: Buffer,
  max: number,
  action: (piece: Buffer, at: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  let failed: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (next < bytes.length && failed === undefined) {
      const at = next;
      next += max;
      try {
        await action(bytes.subarray(at, at + max), at);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  const workers = Math.min(piecesMax, Math.ceil(bytes.length / max));
  await Promise.all(Array.from({ length: workers }, work));
  if (failed !== undefined) throw failed.error;
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
