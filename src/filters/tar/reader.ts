import { setImmediate } from "node:timers/promises";
import type { Handle } from "../../contract/handle.ts";
import { NbdError } from "../../core/errors.ts";
import { applyChanges } from "../../kit/apply-changes.ts";

/**
 * Bytes to read at a time: headers of small files are near each other. A multiple of every minimum block
 * size.
 */
const windowBytes = 64 * 1024;

/** Reads a tar file through a window, in whole blocks of the disk. */
export class TarReader {
  readonly size: bigint;
  readonly #read: Handle["read"];
  readonly #gone: AbortSignal;
  readonly #window = Buffer.alloc(windowBytes);
  /** Offset of the window; -1 before the first read. */
  #start = -1n;

  /** @param gone aborts when the client disconnects; reads then throw its reason */
  constructor(disk: Handle, gone: AbortSignal) {
    this.size = disk.size;
    this.#read = applyChanges(disk, {}).read;
    this.#gone = gone;
  }

  /** @throws NbdError EINVAL when the range exceeds the disk */
  async bytes(offset: bigint, length: number): Promise<Buffer> {
    if (offset + BigInt(length) > this.size)
      throw new NbdError("EINVAL", `tar: the tar file is cut off: it ends at ${this.size}`);
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const at = offset + BigInt(done);
      const inWindow = Number(at % BigInt(windowBytes));
      await this.#moveTo(at - BigInt(inWindow));
      done += this.#window.copy(bytes, done, inWindow, inWindow + length - done);
    }
    return bytes;
  }

  async #moveTo(start: bigint): Promise<void> {
    if (start === this.#start) return;
    // Yield to the event loop: reads of a disk in memory would block it for the whole search.
    await setImmediate();
    this.#gone.throwIfAborted();
    const left = this.size - start;
    await this.#read(this.#window.subarray(0, left < windowBytes ? Number(left) : windowBytes), start);
    this.#start = start;
  }
}
