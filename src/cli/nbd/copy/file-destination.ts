import type { FileHandle } from "node:fs/promises";
import { addon } from "./addon.ts";
import { anyLanes, type Destination } from "./endpoint.ts";

/** Copies to a regular file, which becomes as long as the source, or to a block device, which stays as it is. */
export class FileDestination implements Destination {
  readonly size: bigint | undefined;
  readonly minimumBlock = 1;
  readonly preferredBlock = 4096;
  readonly lanesMax: number = anyLanes;
  readonly sequential = false;
  readonly #file: FileHandle;
  readonly #device: boolean;

  /** @param deviceSize bytes; undefined for a regular file */
  constructor(file: FileHandle, deviceSize: bigint | undefined) {
    this.#file = file;
    this.#device = deviceSize !== undefined;
    this.size = deviceSize;
  }

  get startsZero(): boolean {
    return !this.#device;
  }

  async openLanes(): Promise<void> {}

  async prepare(size: bigint | undefined): Promise<void> {
    if (this.#device) return;
    // Through 0, so that all of it is a hole.
    await this.#file.truncate(0);
    if (size !== undefined) await this.#file.truncate(Number(size));
  }

  async write(bytes: Buffer, offset: bigint): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        Number(offset) + done,
      );
      done += bytesWritten;
    }
  }

  async zero(offset: bigint, length: bigint, allocate: boolean): Promise<boolean> {
    const native = addon();
    if (native === undefined) return false;
    const { fd } = this.#file;
    try {
      if (this.#device) await native.blockZeroOutAsync(fd, offset, length);
      else if (allocate) await native.zeroRangeAsync(fd, offset, length);
      else await native.punchHoleAsync(fd, offset, length);
      return true;
    } catch {
      // Not every file system can; writing zeroes finds out whether it was something worse.
      return false;
    }
  }

  async flush(): Promise<void> {
    await this.#file.sync();
  }

  async finish(size: bigint): Promise<void> {
    if (!this.#device) await this.#file.truncate(Number(size));
    await this.#file.close();
  }

  destroy(): void {
    this.#file.close().catch(() => {});
  }
}
