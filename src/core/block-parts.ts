/** The part of a request that lies in a block, or in several whole ones. Bytes. */
export interface BlockPart {
  readonly offset: bigint;
  readonly length: number;
  /** Where it begins in the request. */
  readonly at: number;
  /** The blocks it lies in; `end` is not one of them. */
  readonly first: number;
  readonly end: number;
  /** Nothing of these blocks lies outside; the last block of a disk may be short. */
  readonly whole: boolean;
}

/**
 * Cuts a request into at most three parts: the rest of a block, whole blocks, the beginning of a block. A part that is not
 * `whole` can be written only by reading its block, changing the part, and writing the block back, which a `RangeGate` has
 * to keep other requests from.
 *
 * ```ts
 * [...blockParts(1000n, 8000, 4096, 1_000_000n)]; // 1000 to 4096, 4096 to 8192 (whole), 8192 to 9000
 * ```
 *
 * @param offset where the request begins; bytes
 * @param length of the request; bytes
 * @param blockBytes of a block
 * @param diskSize bytes; the last block ends there, and may be short
 */
export function* blockParts(
  offset: bigint,
  length: number,
  blockBytes: number,
  diskSize: bigint,
): Generator<BlockPart, void, void> {
  const block = BigInt(blockBytes);
  let at = 0;
  while (at < length) {
    const start = offset + BigInt(at);
    const first = Number(start / block);
    const inside = Number(start % block);
    const left = length - at;
    const toEnd = start + BigInt(left) === diskSize;
    const wanted = inside > 0 ? blockBytes - inside : toEnd ? left : left - (left % blockBytes);
    const taken = Math.min(left, wanted === 0 ? left : wanted);
    const end = first + Math.ceil((inside + taken) / blockBytes);
    const whole = inside === 0 && (taken % blockBytes === 0 || toEnd);
    yield { offset: start, length: taken, at, first, end, whole };
    at += taken;
  }
}
