/** A part of a request that lies within one block, or that consists of several whole blocks. */
export interface BlockPart {
  /** Where the part begins on the disk; bytes. */
  readonly offset: bigint;
  /** The length of the part; bytes. */
  readonly length: number;
  /** Where the part begins in the request; bytes. */
  readonly at: number;
  /** The first block of the part. */
  readonly first: number;
  /** The block after the last block of the part. */
  readonly end: number;
  /** The part covers its blocks completely. The last block of a disk may be short. */
  readonly whole: boolean;
}

/**
 * Cuts a request into at most three parts: the end of a block, whole blocks, and the beginning of a block. To
 * write a part that is not `whole`, read its block, change the part, and write the block back; hold the block
 * with a `RangeGate` meanwhile, so that no other request changes it.
 *
 * ```ts
 * [...blockParts(1000n, 8000, 4096, 1_000_000n)]; // 1000 to 4096, 4096 to 8192 (whole), 8192 to 9000
 * ```
 *
 * @param offset where the request begins; bytes
 * @param length length of the request; bytes
 * @param blockBytes size of a block; bytes
 * @param diskSize size of the disk; bytes. The last block ends there and may be short
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
