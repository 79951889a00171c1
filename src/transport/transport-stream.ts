import { Duplex } from "node:stream";
import type { Transport } from "./transport.ts";

/** Wraps a transport into a Node stream, for TLS. EOF closes both directions. */
export class TransportStream extends Duplex {
  readonly #transport: Transport;
  /** The callback of the write that waits for room. */
  #written: (() => void) | undefined;

  constructor(transport: Transport) {
    super();
    this.#transport = transport;
    transport.deliverTo({
      received: (bytes) => {
        if (!this.push(Buffer.from(bytes))) transport.pause();
      },
      ended: () => void this.push(null),
      drained: () => {
        const written = this.#written;
        this.#written = undefined;
        written?.();
      },
      closed: (error) => void this.destroy(error),
    });
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, written: () => void): void {
    const { sendQueue } = this.#transport;
    sendQueue.write(bytes);
    sendQueue.flush();
    if (!sendQueue.isFull) written();
    else this.#written = written;
  }

  override _final(finished: () => void): void {
    this.#transport.end();
    finished();
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#transport.destroy();
    destroyed(error);
  }
}
