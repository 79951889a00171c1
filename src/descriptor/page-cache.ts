import { native } from "../native/load.ts";
import type { Durability } from "./durability.ts";

/** The most bytes of written data that may wait in the page cache for write-back. */
const waitingBytesMax: number = 8 * 1024 * 1024;

/**
 * Drops pages from the page cache after each read and write, so that the served file does not evict other
 * files.
 */
export class PageCacheRelief {
  readonly #fd: number;
  readonly #durability: Durability;
  #waitingBytes = 0;

  constructor(fd: number, durability: Durability) {
    this.#fd = fd;
    this.#durability = durability;
  }

  afterRead(offset: bigint, length: number): void {
    if (length > 0) native().advise(this.#fd, offset, BigInt(length), "dontneed");
  }

  async afterWrite(length: number): Promise<void> {
    this.#waitingBytes += length;
    if (this.#waitingBytes >= waitingBytesMax) await this.release();
  }

  /** Writes all data to the disk, then drops the pages: the kernel drops only clean pages. */
  async release(): Promise<void> {
    if (this.#waitingBytes === 0) return;
    await this.#durability.sync();
    this.afterFlush();
  }

  afterFlush(): void {
    this.#waitingBytes = 0;
    native().advise(this.#fd, 0n, 0n, "dontneed");
  }
}
