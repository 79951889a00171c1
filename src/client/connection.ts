import { assert } from "../core/assert.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Conversation } from "../protocol/conversation.ts";
import { HandshakeDriver } from "../protocol/handshake-driver.ts";
import { noReceiver, type Receiver, type Transport } from "../transport/transport.ts";
import type { Upgrade } from "../transport/upgrade.ts";

/**
 * A connection to a server, used by two receivers one after the other: the handshake driver, then the engine.
 * The transport delivers to them directly. Between the two it delivers to this object, which keeps bytes and
 * events until `handOver` sets the next receiver.
 */
export class ClientConnection implements Receiver {
  #transport: Transport;
  readonly #upgrade: Upgrade | undefined;
  #ended = false;
  #closed: { error: Error | undefined } | undefined;
  #rest: Buffer = Buffer.alloc(0);

  /**
   * @param upgrade encrypts the transport when the handshake negotiates TLS; undefined for plain addresses
   */
  constructor(transport: Transport, upgrade: Upgrade | undefined) {
    this.#transport = transport;
    this.#upgrade = upgrade;
    transport.deliverTo(this);
  }

  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Runs a handshake to its end. The connection is destroyed when the handshake fails.
   * @throws the error of the handshake, ECONNRESET when the server disconnects, or the signal's reason
   */
  talk<Result>(conversation: Conversation<Result>, signal?: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => {
      const abort = (): void => driver.fail(signal?.reason);
      let isOver = false;
      const settle = (): void => {
        isOver = true;
        signal?.removeEventListener("abort", abort);
        this.#transport.deliverTo(this);
      };
      const driver = new HandshakeDriver(conversation, {
        send: (bytes) => this.send(bytes),
        startTls: async () => {
          // Only the handshake of an address with TLS asks for it.
          assert(this.#upgrade !== undefined);
          this.#transport = await this.#transport.startTls(this.#upgrade);
        },
        done: (result, rest) => {
          settle();
          this.#rest = rest;
          resolve(result);
        },
        failed: (error) => {
          settle();
          this.transport.destroy();
          reject(error);
        },
      });
      const receiver: Receiver = {
        received: (bytes) => driver.receive(bytes),
        drained: () => {},
        ended: () =>
          driver.fail(new NbdError("ECONNRESET", "the server closed the connection during the handshake")),
        closed: (error) => driver.fail(lost(error)),
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) {
        abort();
        return;
      }
      driver.start();
      if (!isOver) this.handOver(receiver);
    });
  }

  /** Sets the receiver, and first passes to it the bytes and events that have arrived already. */
  handOver(receiver: Receiver): void {
    this.#transport.deliverTo(receiver);
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length > 0) receiver.received(rest);
    if (this.#ended) receiver.ended();
    if (this.#closed !== undefined) receiver.closed(this.#closed.error);
  }

  /** Sends bytes, which must not change. */
  send(...pieces: readonly Buffer[]): void {
    const { sendQueue } = this.#transport;
    for (const bytes of pieces) sendQueue.write(bytes);
    sendQueue.flush();
  }

  /** Sends the send queue, then closes. Bytes that the server still sends are dropped. */
  leave(): void {
    this.#transport.deliverTo(noReceiver);
    this.transport.end();
  }

  received(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  ended(): void {
    this.#ended = true;
  }

  drained(): void {}

  closed(error?: Error): void {
    this.#closed = { error };
  }
}

function lost(error: Error | undefined): NbdError {
  const options = error === undefined ? undefined : { cause: error };
  return new NbdError(
    "ECONNRESET",
    `the connection was lost${error ? `: ${messageOf(error)}` : ""}`,
    options,
  );
}
