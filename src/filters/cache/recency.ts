import type { Blocks } from "../../descriptor/block-store.ts";

/** In bytes: above `high`, blocks are evicted until the cache has `low`. */
export interface Limit {
  readonly high: number;
  readonly low: number;
}

/** The order in which the blocks of a cache with a size limit were used (LRU). */
export class Recency {
  /** Number of blocks. */
  readonly #high: number;
  readonly #low: number;
  /** The least recently used block comes first. */
  readonly #blocks: Set<number> = new Set();

  constructor({ high, low }: Limit, blockBytes: number) {
    this.#high = high / blockBytes;
    this.#low = low / blockBytes;
  }

  used({ first, end }: Blocks): void {
    for (let block = first; block < end; block++) {
      this.#blocks.delete(block);
      this.#blocks.add(block);
    }
  }

  dropped({ first, end }: Blocks): void {
    if (end - first > this.#blocks.size) {
      for (const block of this.#blocks) if (block >= first && block < end) this.#blocks.delete(block);
    } else {
      for (let block = first; block < end; block++) this.#blocks.delete(block);
    }
  }

  /** Blocks must be evicted. */
  get isOverfull(): boolean {
    return this.#blocks.size > this.#high;
  }

  /** The blocks to evict, the least recently used first. */
  surplus(): readonly number[] {
    if (!this.isOverfull) return [];
    const count = Math.ceil(this.#blocks.size - this.#low);
    return [...this.#blocks].slice(0, count);
  }
}
