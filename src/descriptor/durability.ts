import { fdatasync } from "node:fs";
import { promisify } from "node:util";

/**
 * Writes cached data to the disk with fdatasync(2).
 *
 * The kernel reports a failed write-back only once, to the next sync. When that sync is not a client's flush,
 * this class stores the error, and the next flush of a client fails with it. Otherwise the client would
 * believe that lost data is on the disk.
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

  /** A flush that a client requested. It also fails when an earlier `sync` failed. */
  async flush(): Promise<void> {
    const owed = this.#owed;
    this.#owed = undefined;
    await this.#run();
    if (owed !== undefined) throw owed;
  }

  /** A sync for any other reason, such as FUA. Its failure also fails the next flush. */
  async sync(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#owed = error;
      throw error;
    }
  }

  /** True while a sync runs. Other operations on the file may block during that time. */
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
