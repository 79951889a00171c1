import type { Handle } from "../../contract/handle.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

/** How far ahead of a client; it grows while the client goes on in order. nbdkit's limits. */
const [windowMin, windowMax] = [32 * 1024, 4 * 1024 * 1024];

interface Range {
  readonly offset: bigint;
  readonly length: number;
}

/** Follows what one client reads, and asks for what comes after it: one thing at a time, and of those that wait the last. */
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
    // Both are powers of 2, so that whole blocks are asked for.
    this.#windowMin = Math.max(windowMin, blockSize?.minimum ?? 1);
    this.#window = this.#windowMin;
    this.#cache = cache;
    this.#log = log;
  }

  /** The client is about to read this. */
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

  /** Resolves when the disk is left alone. */
  async finished(): Promise<void> {
    this.#wanted = undefined;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The read itself comes first.
    await undefined;
    for (let range = this.#take(); range !== undefined; range = this.#take()) {
      try {
        await this.#cache(range.offset, range.length);
      } catch (error) {
        // The read of these bytes will meet it again, and tell the client.
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
