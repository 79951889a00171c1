import type { Readable, Writable } from "node:stream";
import type { Peer, Receiver, Transport } from "./transport.ts";

/** A transport over Node's streams: one duplex (a socket), or two halves (standard input and output). */
export class StreamTransport implements Transport {
  readonly peer: Peer;
  readonly #input: Readable;
  readonly #output: Writable;
  #error: Error | undefined;
  #over = false;

  constructor(input: Readable, output: Writable, peer: Peer) {
    this.#input = input;
    this.#output = output;
    this.peer = peer;
  }

  start(receiver: Receiver): void {
    this.#input.on("data", (bytes: Buffer) => receiver.received(bytes));
    this.#input.once("end", () => receiver.ended());
    this.#output.on("drain", () => receiver.drained());
    for (const stream of this.#halves()) stream.on("error", (error: Error) => this.#failed(error));
    let open = this.#halves().length;
    const closed = (): void => {
      if (--open === 0) receiver.closed(this.#error);
    };
    for (const stream of this.#halves()) stream.once("close", closed);
  }

  get backlogBytes(): number {
    return this.#output.writableLength;
  }

  write(bytes: Buffer): void {
    if (!this.#over) this.#output.write(bytes);
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    // What the peer still sends is of no interest, but unread it would keep the socket open.
    this.#output.end(() => this.destroy());
  }

  destroy(): void {
    this.#over = true;
    for (const stream of this.#halves()) stream.destroy();
  }

  #failed(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  #halves(): (Readable | Writable)[] {
    return this.#input === (this.#output as unknown) ? [this.#input] : [this.#input, this.#output];
  }
}
