import { native } from "../native/load.ts";
import type { Durability } from "./durability.ts";
import { isInMemory } from "./in-memory.ts";

/** A write of whole pages overwrites them, one of parts may have to read them first. */
const pageBytes = 4096;

/** Longer than this, in ms, is waiting and not copying; for so long afterwards the next writes would wait too. */
const stallMs = 2;
const backOffMs = 100;

/** Reads and writes of a file as far as they can be done without waiting for a disk. */
export class AtOnce {
  readonly #fd: number;
  readonly #durability: Durability;
  readonly #inMemory: boolean;
  #writeAgainAt = 0;

  constructor(fd: number, durability: Durability) {
    this.#fd = fd;
    this.#durability = durability;
    this.#inMemory = isInMemory(fd);
  }

  readonly read = (buffer: Uint8Array, start: number, end: number, offset: number): boolean => {
    const got = this.#inMemory
      ? native().preadPart(this.#fd, buffer, start, end, offset)
      : native().preadPartNow(this.#fd, buffer, start, end, offset);
    return got === end - start;
  };

  /**
   * No system says beforehand whether a write into the page cache will wait: for a page to be read, for a running sync,
   * or because too much is waiting to be written already. What can be known is avoided, and the rest noticed.
   */
  readonly write = (buffer: Uint8Array, start: number, end: number, offset: number): boolean => {
    if (this.#inMemory) {
      native().pwritePart(this.#fd, buffer, start, end, offset);
      return true;
    }
    if (offset % pageBytes !== 0 || (end - start) % pageBytes !== 0 || this.#durability.isSyncing)
      return false;
    const before = performance.now();
    if (before < this.#writeAgainAt) return false;
    native().pwritePart(this.#fd, buffer, start, end, offset);
    const after = performance.now();
    if (after - before > stallMs) this.#writeAgainAt = after + backOffMs;
    return true;
  };
}
