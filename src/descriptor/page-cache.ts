import { native } from "../native/load.ts";
import type { Durability } from "./durability.ts";

/** Written data stays in the page cache until it is on the disk; this much may wait for that. */
const waitingBytesMax: number = 8 * 1024 * 1024;

/** Gives pages back as soon as they have been read or written, so that serving a file evicts nobody else's. */
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

  /** Only clean pages can be given back, so everything is written out first. */
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
