import { native } from "../native/load.ts";
import type { Durability } from "./durability.ts";
import { isInMemory } from "./in-memory.ts";

/**
 * The page size. A write of whole pages replaces them; a write of part of a page may have to read the page
 * first.
 */
const pageBytes = 4096;

/**
 * In ms: a write that takes longer than `stallMs` has waited for the disk, so `backOffMs` pass without such
 * writes.
 */
const stallMs = 2;
const backOffMs = 100;

/**
 * Synchronous reads and writes of a file that do not wait for a disk. Each method returns false when the
 * request may have to wait; the caller then uses the thread pool.
 */
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
   * Writes into the page cache. No system reports in advance whether such a write blocks. It blocks while a
   * page is read, while a sync runs, and while too much dirty data waits for write-back. The first two cases
   * are avoided by checks; the third is detected by the time that a write takes, and followed by a pause of
   * `backOffMs`.
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
