import type { FileHandle } from "node:fs/promises";
import { addon } from "../addon.ts";
import { anyConnections, type Destination } from "./endpoint.ts";
import { setSize, writeAt } from "./file-io.ts";
import { naming } from "./naming.ts";

/** A regular file, which is resized to the size of the source, or a block device, which keeps its size. */
export class FileDestination implements Destination {
  readonly name: string;
  unwritten: string;
  readonly size: bigint | undefined;
  readonly minimumBlock = 1;
  readonly preferredBlock = 4096;
  readonly connectionsMax: number = anyConnections;
  readonly sequential = false;
  readonly #file: FileHandle;
  readonly #device: boolean;

  /** @param deviceSize bytes; undefined for a regular file */
  constructor(file: FileHandle, name: string, deviceSize: bigint | undefined) {
    this.#file = file;
    this.name = name;
    this.#device = deviceSize !== undefined;
    this.unwritten = this.#device ? "may have its old contents" : "is missing";
    this.size = deviceSize;
  }

  get startsZero(): boolean {
    return !this.#device;
  }

  async openConnections(): Promise<void> {}

  async prepare(size: bigint | undefined): Promise<void> {
    if (this.#device) return;
    // Truncate to 0 bytes first, so that the whole file is a hole.
    await setSize(this.#file, this.name, 0n);
    if (size === undefined) return;
    await setSize(this.#file, this.name, size);
    this.unwritten = "reads as zeroes";
  }

  write(bytes: Buffer, offset: bigint): Promise<void> {
    return writeAt(this.#file, this.name, bytes, offset);
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
      // Not every file system supports this. If the error has another cause, writing zeroes fails too and
      // reports it.
      return false;
    }
  }

  async flush(): Promise<void> {
    await naming(this.name, "fsync", () => this.#file.sync());
  }

  async finish(size: bigint): Promise<void> {
    if (!this.#device) await setSize(this.#file, this.name, size);
    await naming(this.name, "close", () => this.#file.close());
  }

  /**
   * Does not close the file: addon calls may still use its descriptor, and a new file could get the same
   * number.
   */
  destroy(): void {}
}
