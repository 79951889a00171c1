import type { BlockSize, Handle } from "../contract/handle.ts";

/** The maximum preferred block size (doc/proto.md, "Block size constraints"); bytes. */
const preferredMax = 32 * 1024 * 1024;

/**
 * Returns a `blockSize` for a filter that works best with larger blocks than the handle below.
 *
 * @param bytes the block size that the filter prefers; a power of 2
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
