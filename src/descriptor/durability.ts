import { fdatasync } from "node:fs";
import { promisify } from "node:util";

const sync = promisify(fdatasync);

/**
 * Gets data to the disk. The kernel names a failed write-back only once, to whoever syncs next; if that was not
 * the client's flush, the flush must still fail, or the client would take lost data for safe.
 */
export class Durability {
  readonly #fd: number;
  #owed: unknown;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The client's flush. */
  async flush(): Promise<void> {
    const owed = this.#owed;
    this.#owed = undefined;
    await sync(this.#fd);
    if (owed !== undefined) throw owed;
  }

  /** A sync for any other reason. */
  async sync(): Promise<void> {
    try {
      await sync(this.#fd);
    } catch (error) {
      this.#owed = error;
      throw error;
    }
  }
}
