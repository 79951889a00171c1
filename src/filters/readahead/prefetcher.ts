import type { Handle } from "../../contract/handle.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

/** nbdkit's limits of the read-ahead window, in bytes. The window grows while a client reads sequentially. */
const [windowMin, windowMax] = [32 * 1024, 4 * 1024 * 1024];

interface Range {
  readonly offset: bigint;
  readonly length: number;
}

/**
 * Prefetches the data after the reads of one client: one range at a time. A new range replaces a range that waits.
 */
export class Prefetcher {
  readonly #size: bigint;
  readonly #windowMin: number;
  readonly #cache: NonNullable<Handle["cache"]>;
  readonly #log: Log;
  #window: number;
  #lastOffset = -1n;
  /** Where the last prefetch ended. */
  #reached = 0n;
  #wanted: Range | undefined;
  #running: Promise<void> | undefined;

  constructor({ size, blockSize }: Handle, cache: NonNullable<Handle["cache"]>, log: Log) {
    this.#size = size;
    // Both values are powers of 2, so the window is whole blocks.
    this.#windowMin = Math.max(windowMin, blockSize?.minimum ?? 1);
    this.#window = this.#windowMin;
    this.#cache = cache;
    this.#log = log;
  }

  /** Call this before each read of the client. */
  reading(offset: bigint, length: number): void {
    if (offset <= this.#lastOffset) this.#window = this.#windowMin;
    else if (offset > this.#reached) this.#window = Math.min(this.#window * 2, windowMax);
    this.#lastOffset = offset;
    const start = offset + BigInt(length);
    const left = this.#size - start;
    const ahead = left < this.#window ? Number(left) : this.#window;
    this.#reached = start + BigInt(ahead);
    if (ahead === 0) return;
    this.#wanted = { offset: start, length: ahead };
    this.#running ??= this.#run();
  }

  /** Resolves when no prefetch is running. */
  async finished(): Promise<void> {
    this.#wanted = undefined;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Let the client's read start first.
    await undefined;
    for (let range = this.#take(); range !== undefined; range = this.#take()) {
      try {
        await this.#cache(range.offset, range.length);
      } catch (error) {
        // Not an error for the client: its read of these bytes fails again and reports the error.
        if (this.#log.verbose) this.#log.debug(`prefetch failed: ${messageOf(error)}`);
      }
    }
    this.#running = undefined;
  }

  #take(): Range | undefined {
    const range = this.#wanted;
    this.#wanted = undefined;
    return range;
  }
}
