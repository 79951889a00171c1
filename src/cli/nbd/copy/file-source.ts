import type { FileHandle } from "node:fs/promises";
import { must } from "../../../core/assert.ts";
import { NbdError } from "../../../core/errors.ts";
import type { Extent } from "../../../core/extent.ts";
import type { NativeBinding } from "../../../native/binding.ts";
import { addon } from "../addon.ts";
import { anyConnections, type Source } from "./endpoint.ts";
import { readAt } from "./file-io.ts";
import { naming } from "./naming.ts";

/** A regular file or a block device as source. */
export class FileSource implements Source {
  readonly size: bigint;
  readonly minimumBlock = 1;
  readonly connectionsMax: number = anyConnections;
  readonly #file: FileHandle;
  readonly #name: string;

  constructor(file: FileHandle, name: string, size: bigint) {
    this.#file = file;
    this.#name = name;
    this.size = size;
  }

  async openConnections(): Promise<void> {}

  async read(into: Buffer, offset: bigint): Promise<void> {
    await readAt(this.#file, this.#name, into, offset);
  }

  extents(): AsyncIterable<Extent> | undefined {
    return addon()?.features.extents ? this.#allExtents() : undefined;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  destroy(): void {}

  /**
   * Finds holes with SEEK_DATA and SEEK_HOLE. File systems that support neither report the whole file as
   * data.
   */
  async *#allExtents(): AsyncGenerator<Extent> {
    const native = must(addon());
    for (let at = 0n; at < this.size; ) {
      const data = clip(await this.#seek("data", at, native.nextDataAsync), this.size);
      if (data > at) yield { length: data - at, hole: true, zero: true };
      at = data;
      if (at >= this.size) return;
      const hole = clip(await this.#seek("holes", at, native.nextHoleAsync), this.size);
      if (hole <= at) throw new NbdError("EIO", `${this.#name}: the file changed while it was copied`);
      yield { length: hole - at, hole: false, zero: false };
      at = hole;
    }
  }

  #seek(what: string, at: bigint, next: NativeBinding["nextDataAsync"]): Promise<bigint> {
    return naming(this.#name, `looking for ${what} at ${at}`, () => next(this.#file.fd, at));
  }
}

/** Limits a position to the size; -1n means that there is none before the end. */
function clip(offset: bigint, size: bigint): bigint {
  return offset < 0n || offset > size ? size : offset;
}
