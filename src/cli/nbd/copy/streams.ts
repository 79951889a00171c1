import type { Readable, Writable } from "node:stream";
import { ByteQueue } from "../../../core/bytes.ts";
import { codeOf } from "../../../core/errors.ts";
import type { Destination, Stream } from "./endpoint.ts";
import { fileError } from "./naming.ts";

/** A source without a size: standard input, a pipe, or a character device. */
export class StreamSource implements Stream {
  readonly #input: Readable;
  readonly #name: string;

  constructor(input: Readable, name: string) {
    this.#input = input;
    this.#name = name;
  }

  async *blocks(size: number): AsyncGenerator<Buffer> {
    const queue = new ByteQueue();
    let taken = 0;
    try {
      const chunks: AsyncIterable<Buffer> = this.#input;
      for await (const chunk of chunks) {
        queue.push(chunk);
        taken += chunk.length;
        while (queue.length >= size) yield queue.take(size);
      }
    } catch (error) {
      throw fileError(this.#name, `read at ${taken}`, error);
    }
    if (queue.length > 0) yield queue.takeAll();
  }

  destroy(): void {
    this.#input.destroy();
  }
}

/** A destination that is written sequentially: standard output, a pipe, or a character device. */
export class StreamDestination implements Destination {
  readonly name: string;
  readonly unwritten = "is missing";
  readonly size = undefined;
  readonly minimumBlock = 1;
  readonly preferredBlock = 4096;
  readonly connectionsMax = 1;
  readonly sequential = true;
  readonly startsZero = false;
  readonly #output: Writable;
  readonly #sync: (() => Promise<void>) | undefined;

  /** @param sync waits until all data is on permanent storage; undefined for outputs without storage */
  constructor(output: Writable, name: string, sync?: () => Promise<void>) {
    this.#output = output;
    this.name = name;
    this.#sync = sync;
    // Ignored here: the callback of each write reports the error.
    output.on("error", () => {});
  }

  async openConnections(): Promise<void> {}

  async prepare(): Promise<void> {}

  write(bytes: Buffer, offset: bigint): Promise<void> {
    const what = `write of ${bytes.length} bytes at ${offset}`;
    return new Promise((resolve, reject) => {
      this.#output.write(bytes, (error) => (error ? reject(fileError(this.name, what, error)) : resolve()));
    });
  }

  async zero(): Promise<boolean> {
    return false;
  }

  async flush(): Promise<void> {
    const sync = this.#sync;
    if (sync === undefined) return;
    try {
      await sync();
    } catch (error) {
      // Character devices such as /dev/null do not support fsync.
      if (codeOf(error) !== "EINVAL") throw fileError(this.name, "fsync", error);
    }
  }

  finish(): Promise<void> {
    if (Object.is(this.#output, process.stdout)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#output.once("error", (error) => reject(fileError(this.name, "close", error)));
      this.#output.end(resolve);
    });
  }

  destroy(): void {
    if (!Object.is(this.#output, process.stdout)) this.#output.destroy();
  }
}

/** The destination `null:` discards all data, to measure how fast a source can be read. */
export const nullDestination: Destination = {
  name: "null:",
  unwritten: undefined,
  size: undefined,
  minimumBlock: 1,
  preferredBlock: 4096,
  connectionsMax: Number.POSITIVE_INFINITY,
  sequential: false,
  startsZero: true,
  openConnections: async () => {},
  prepare: async () => {},
  write: async () => {},
  zero: async () => true,
  flush: async () => {},
  finish: async () => {},
  destroy: () => {},
};
