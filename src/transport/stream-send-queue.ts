import type { SendQueue } from "./send-queue.ts";
import { backlogBytesMax, type Transport } from "./transport.ts";

const slabBytes = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/** The send queue of a transport that buffers bytes until the peer has accepted them. */
export class StreamSendQueue implements SendQueue {
  buffer: Buffer = nothing;
  readonly #transport: Transport;
  /** The range of `buffer` that is composed and not yet written to the transport. */
  #from = 0;
  #to = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  compose(bytes: number): number {
    if (this.#to + bytes > this.buffer.length) {
      this.flush();
      this.buffer = Buffer.allocUnsafeSlow(Math.max(bytes, slabBytes));
      this.#from = 0;
      this.#to = 0;
    }
    return this.#to;
  }

  composed(bytes: number): void {
    this.#to += bytes;
  }

  write(bytes: Buffer): void {
    this.flush();
    this.#transport.write(bytes);
  }

  flush(): void {
    if (this.#from === this.#to) return;
    this.#transport.write(this.buffer.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  get isFull(): boolean {
    return this.#transport.backlogBytes > backlogBytesMax;
  }
}
