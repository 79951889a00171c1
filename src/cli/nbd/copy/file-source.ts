import type { FileHandle } from "node:fs/promises";
import { NbdError } from "../../../core/errors.ts";
import type { Extent } from "../../../core/extent.ts";
import { addon } from "./addon.ts";
import { anyLanes, type Source } from "./endpoint.ts";

/** Copies from a regular file or a block device. */
export class FileSource implements Source {
  readonly size: bigint;
  readonly minimumBlock = 1;
  readonly lanesMax: number = anyLanes;
  readonly #file: FileHandle;
  readonly #name: string;

  constructor(file: FileHandle, name: string, size: bigint) {
    this.#file = file;
    this.#name = name;
    this.size = size;
  }

  async openLanes(): Promise<void> {}

  async read(into: Buffer, offset: bigint): Promise<void> {
    for (let filled = 0; filled < into.length; ) {
      const { bytesRead } = await this.#file.read(
        into,
        filled,
        into.length - filled,
        Number(offset) + filled,
      );
      if (bytesRead === 0)
        throw new NbdError("EIO", `${this.#name}: the file became shorter while it was copied`);
      filled += bytesRead;
    }
  }

  extents(): AsyncIterable<Extent> | undefined {
    return addon()?.features.extents ? this.#allExtents() : undefined;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  destroy(): void {}

  /** SEEK_DATA and SEEK_HOLE; a file system that knows neither calls everything data. */
  async *#allExtents(): AsyncGenerator<Extent> {
    const native = addon()!;
    for (let at = 0n; at < this.size; ) {
      const data = clip(await native.nextDataAsync(this.#file.fd, at), this.size);
      if (data > at) yield { length: data - at, hole: true, zero: true };
      at = data;
      if (at >= this.size) return;
      const hole = clip(await native.nextHoleAsync(this.#file.fd, at), this.size);
      if (hole <= at) throw new NbdError("EIO", `${this.#name}: the file changed while it was copied`);
      yield { length: hole - at, hole: false, zero: false };
      at = hole;
    }
  }
}

/** -1n is "none up to the end". */
function clip(offset: bigint, size: bigint): bigint {
  return offset < 0n || offset > size ? size : offset;
}
