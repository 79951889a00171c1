import type { Blocks } from "../../descriptor/block-store.ts";

/** Bytes: above `high`, the cache is made smaller until it has `low`. */
export interface Limit {
  readonly high: number;
  readonly low: number;
}

/** Which of the blocks in a cache of limited size were used last. */
export class Recency {
  /** Blocks. */
  readonly #high: number;
  readonly #low: number;
  /** From the one that was not used for the longest time. */
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

  /** Those that have to go, if any. */
  surplus(): readonly number[] {
    if (this.#blocks.size <= this.#high) return [];
    const count = Math.ceil(this.#blocks.size - this.#low);
    return [...this.#blocks].slice(0, count);
  }
}
