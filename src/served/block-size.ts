import type { BlockSize, Handle, HandleChanges } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";

/** The limits of doc/proto.md, "Block size constraints"; bytes. */
const [minimumMax, preferredMin, preferredMax, unlimited] = [65_536, 512, 32 * 1024 * 1024, 2 ** 32 - 1];

/**
 * Checks the block sizes of a handle. Clients refuse servers that announce other values.
 *
 * @param from the function that returned the block sizes, for the message
 * @throws NbdError EINVAL
 */
export function checkBlockSize(from: string, blockSize: BlockSize | undefined): void {
  if (blockSize === undefined) return;
  // Plugins may be written in JavaScript, without type checking.
  const { minimum, preferred, maximum }: Partial<BlockSize> = Object(blockSize);
  const right =
    maximum !== undefined &&
    isPowerOf2(minimum, 1, minimumMax) &&
    isPowerOf2(preferred, Math.max(preferredMin, minimum), preferredMax) &&
    maximum >= preferred &&
    (maximum === unlimited || (maximum < unlimited && maximum % minimum === 0));
  if (right) return;
  throw new NbdError(
    "EINVAL",
    `the block sizes that ${from} returned cannot be ${minimum}, ${preferred} and ${maximum}: the minimum is a power of 2 up to ${minimumMax}, ` +
      `the preferred one a power of 2 from ${preferredMin} to ${preferredMax}, and the maximum a multiple of the minimum`,
  );
}

function isPowerOf2(value: number | undefined, min: number, max: number): value is number {
  return value !== undefined && value >= min && value <= max && Number.isInteger(Math.log2(value));
}

/**
 * Returns the unit of requests in bytes: offsets and lengths are multiples of it. It is 1 where the handle
 * takes any request.
 */
export function requestUnitOf({ blockSize }: Pick<Handle, "blockSize">): number {
  return blockSize?.advisory === true ? 1 : (blockSize?.minimum ?? 1);
}

/**
 * Returns how many bytes a filter should read or write at a time: at most as many as the handle takes at
 * once.
 *
 * @param bytesMax what the filter would choose; bytes
 */
export function pieceBytesFor({ blockSize }: Pick<HandleChanges, "blockSize">, bytesMax: number): number {
  return Math.min(bytesMax, blockSize?.maximum ?? bytesMax);
}

/**
 * Checks that a part of a disk begins at a block of the disk, for a filter that shows only that part. Clients
 * send whole blocks of the part, which must be whole blocks of the disk too.
 *
 * @param filter name of the filter, for the message
 * @param what the thing that begins there, for the message
 * @param starts where the part, or each piece of it, begins; bytes
 * @throws NbdError EINVAL; the message names the filter that helps
 */
export function requireBlockStart(
  filter: string,
  what: string,
  next: Handle,
  starts: readonly bigint[],
): void {
  const unit = BigInt(requestUnitOf(next));
  if (starts.every((start) => start % unit === 0n)) return;
  throw new NbdError(
    "EINVAL",
    `${what} does not begin with a block of the disk below (${unit} bytes): put --filter=blocksize after --filter=${filter}`,
  );
}
