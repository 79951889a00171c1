import type { SendQueue } from "./send-queue.ts";

/** Accepts any number of bytes, and tells how many the peer has not accepted. */
export interface ByteSink {
  /** Queues bytes, which must not change. After the end of the connection the call has no effect. */
  write(bytes: Buffer): void;
  readonly backlogBytes: number;
}

/** Bytes. A sender with a larger backlog waits for `drained`. */
const backlogBytesMax = 4 * 1024 * 1024;

const slabBytes = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/** The send queue over a sink that buffers bytes until the peer has accepted them. */
export class StreamSendQueue implements SendQueue {
  buffer: Buffer = nothing;
  readonly #sink: ByteSink;
  /** The range of `buffer` that is composed and not yet written to the sink. */
  #from = 0;
  #to = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  compose(bytes: number): number {
    if (this.#to + bytes > this.buffer.length) {
      this.flush();
      this.buffer = Buffer.allocUnsafeSlow(Math.max(bytes, slabBytes));
      this.#from = 0;
      this.#to = 0;
    }
    const start = this.#to;
    this.#to += bytes;
    return start;
  }

  discard(bytes: number): void {
    this.#to -= bytes;
  }

  write(bytes: Buffer): void {
    this.flush();
    this.#sink.write(bytes);
  }

  flush(): void {
    if (this.#from === this.#to) return;
    this.#sink.write(this.buffer.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  get isFull(): boolean {
    return this.#sink.backlogBytes > backlogBytesMax;
  }
}
