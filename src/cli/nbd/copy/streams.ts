import type { Readable, Writable } from "node:stream";
import { ByteQueue } from "../../../core/bytes.ts";
import type { Destination, Stream } from "./endpoint.ts";

/** Copies from standard input, a pipe, or anything else that has no size. */
export class StreamSource implements Stream {
  readonly #input: Readable;

  constructor(input: Readable) {
    this.#input = input;
  }

  async *blocks(size: number): AsyncGenerator<Buffer> {
    const queue = new ByteQueue();
    for await (const chunk of this.#input) {
      queue.push(chunk as Buffer);
      while (queue.length >= size) yield queue.take(size);
    }
    if (queue.length > 0) yield queue.takeAll();
  }

  destroy(): void {
    this.#input.destroy();
  }
}

/** Copies to standard output, a pipe, or anything else that is written from its beginning to its end. */
export class StreamDestination implements Destination {
  readonly size = undefined;
  readonly minimumBlock = 1;
  readonly preferredBlock = 4096;
  readonly lanesMax = 1;
  readonly sequential = true;
  readonly startsZero = false;
  readonly #output: Writable;

  constructor(output: Writable) {
    this.#output = output;
    // Each write reports its own failure.
    output.on("error", () => {});
  }

  async openLanes(): Promise<void> {}

  async prepare(): Promise<void> {}

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async zero(): Promise<boolean> {
    return false;
  }

  async flush(): Promise<void> {}

  finish(): Promise<void> {
    if (this.#output === (process.stdout as Writable)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#output.once("error", reject);
      this.#output.end(resolve);
    });
  }

  destroy(): void {
    if (this.#output !== (process.stdout as Writable)) this.#output.destroy();
  }
}

/** `null:` takes everything and keeps nothing, to see how fast a source can be read. */
export const nullDestination: Destination = {
  size: undefined,
  minimumBlock: 1,
  preferredBlock: 4096,
  lanesMax: Number.POSITIVE_INFINITY,
  sequential: false,
  startsZero: true,
  openLanes: async () => {},
  prepare: async () => {},
  write: async () => {},
  zero: async () => true,
  flush: async () => {},
  finish: async () => {},
  destroy: () => {},
};
