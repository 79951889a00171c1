import type { FileHandle } from "node:fs/promises";
import { addon } from "../addon.ts";
import { anyConnections, type Destination } from "./endpoint.ts";
import { setSize, writeAt } from "./file-io.ts";
import { naming } from "./naming.ts";

/** Copies to a regular file, which becomes as long as the source, or to a block device, which stays as it is. */
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
    this.unwritten = this.#device ? "may be what was there before" : "is missing";
    this.size = deviceSize;
  }

  get startsZero(): boolean {
    return !this.#device;
  }

  async openConnections(): Promise<void> {}

  async prepare(size: bigint | undefined): Promise<void> {
    if (this.#device) return;
    // Through 0, so that all of it is a hole.
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
      // Not every file system can; writing zeroes finds out whether it was something worse.
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

  /** Left open for calls of the addon that are under way: another file could get the number of a closed one. */
  destroy(): void {}
}
