import { payloadBytesMax } from "../protocol/client/limits.ts";
import type { BlockSize } from "../protocol/export-info.ts";

/**
 * The longest range that has a length of 32 bits and that is a multiple of every block size that proto.md
 * allows.
 */
export const shortRangeMax: bigint = 2n ** 32n - 2n ** 16n;

/**
 * Returns the longest payload of one request in bytes: the server's maximum in whole blocks, at most 32 MiB.
 */
export function payloadMax(blockSize: BlockSize | undefined): number {
  if (blockSize === undefined) return payloadBytesMax;
  const maximum = Math.min(blockSize.maximum, payloadBytesMax);
  return maximum - (maximum % blockSize.minimum);
}

/**
 * Most requests of one call in flight. Each request takes memory, and a server may allow only one byte per
 * request.
 */
const piecesMax = 64;

/**
 * Calls `action` for each piece of at most `max` bytes of a buffer, several calls at a time.
 * @throws the first error, after all calls have ended: until then a read may still write into the caller's
 * buffer
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
