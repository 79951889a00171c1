import type { BlockSize, Handle } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";

/** doc/proto.md, "Block size constraints"; bytes. */
const [minimumMax, preferredMin, preferredMax, unlimited] = [65_536, 512, 32 * 1024 * 1024, 2 ** 32 - 1];

/**
 * What may be announced to clients, who would take anything else for a broken server.
 * @param from whose function said it. @throws NbdError EINVAL
 */
export function checkBlockSize(from: string, blockSize: BlockSize | undefined): void {
  if (blockSize === undefined) return;
  // Plugins may be written without types.
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

/** Requests begin at multiples of so many bytes, and their lengths are multiples of it too; 1 where the handle takes any. */
export function requestUnitOf({ blockSize }: Pick<Handle, "blockSize">): number {
  return blockSize?.advisory === true ? 1 : (blockSize?.minimum ?? 1);
}

/**
 * How many bytes to read or write at a time where a filter may choose: no more than the handle takes at once.
 * @param bytesMax what the filter would choose
 */
export function pieceBytesFor({ blockSize }: Pick<Handle, "blockSize">, bytesMax: number): number {
  return Math.min(bytesMax, blockSize?.maximum ?? bytesMax);
}

/**
 * For a filter that shows a part of the disk below it. Clients keep to whole blocks of the part, which have to be whole blocks of the
 * disk as well.
 * @param what begins there, for the message
 * @param starts where the part, or each piece of it, begins
 * @throws NbdError EINVAL that names the filter that helps
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
