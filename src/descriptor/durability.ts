import { fdatasync } from "node:fs";
import { promisify } from "node:util";

/**
 * Gets data to the disk. The kernel names a failed write-back only once, to whoever syncs next; if that was not
 * the client's flush, the flush must still fail, or the client would take lost data for safe.
 */
export class Durability {
  readonly #fd: number;
  readonly #sync: (fd: number) => Promise<void>;
  #owed: unknown;
  #running = 0;

  constructor(fd: number, sync: (fd: number) => Promise<void> = promisify(fdatasync)) {
    this.#fd = fd;
    this.#sync = sync;
  }

  /** The client's flush. */
  async flush(): Promise<void> {
    const owed = this.#owed;
    this.#owed = undefined;
    await this.#run();
    if (owed !== undefined) throw owed;
  }

  /** A sync for any other reason. */
  async sync(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#owed = error;
      throw error;
    }
  }

  /** True while data is on its way to the disk, when much that touches the file has to wait. */
  get isSyncing(): boolean {
    return this.#running > 0;
  }

  async #run(): Promise<void> {
    this.#running++;
    try {
      await this.#sync(this.#fd);
    } finally {
      this.#running--;
    }
  }
}
