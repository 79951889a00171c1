import { setImmediate } from "node:timers/promises";
import type { Handle } from "../../contract/handle.ts";
import { NbdError } from "../../core/errors.ts";
import { applyChanges } from "../../kit/apply-changes.ts";

/** Read at once, as headers of small files lie near each other; whole blocks for every disk that is read in blocks. */
const windowBytes = 64 * 1024;

/** Reads a disk that is a tar file, from its start to its end. */
export class TarReader {
  readonly size: bigint;
  readonly #read: Handle["read"];
  readonly #gone: AbortSignal;
  readonly #window = Buffer.alloc(windowBytes);
  /** Where the window lies; nowhere at first. */
  #start = -1n;

  /** @param gone ends the reading, with the signal's reason */
  constructor(disk: Handle, gone: AbortSignal) {
    this.size = disk.size;
    this.#read = applyChanges(disk, {}).read;
    this.#gone = gone;
  }

  /** @throws NbdError EINVAL where the disk ends before */
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
    // A disk in memory would let nobody in between.
    await setImmediate();
    this.#gone.throwIfAborted();
    const left = this.size - start;
    await this.#read(this.#window.subarray(0, left < windowBytes ? Number(left) : windowBytes), start);
    this.#start = start;
  }
}
