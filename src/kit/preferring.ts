import type { BlockSize, Handle } from "../contract/handle.ts";

/** doc/proto.md, "Block size constraints": preferred block sizes end here. */
const preferredMax = 32 * 1024 * 1024;

/**
 * The block size of a handle, except that a filter above it works best with blocks of so many bytes; for the `blockSize` of the
 * filter.
 * @param bytes a power of 2
 */
export function preferringBlocks({ blockSize }: Handle, bytes: number): BlockSize {
  const { minimum, preferred, maximum, ...rest } = blockSize ?? {
    minimum: 1,
    preferred: 1,
    maximum: 0xffff_ffff,
  };
  const wanted = Math.min(bytes, preferredMax);
  return {
    ...rest,
    minimum,
    maximum,
    preferred: maximum >= wanted ? Math.max(preferred, wanted) : preferred,
  };
}
