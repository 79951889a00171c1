import { Duplex } from "node:stream";
import type { Transport } from "./transport.ts";

/** A transport as one of Node's streams, for what wants those (TLS). It ends both ways at once. */
export class TransportStream extends Duplex {
  readonly #transport: Transport;
  /** Tells the writer that there is room again. */
  #written: (() => void) | undefined;

  constructor(transport: Transport) {
    super();
    this.#transport = transport;
    transport.start({
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
    this.#transport.write(bytes);
    if (this.#transport.backlogBytes === 0) written();
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
