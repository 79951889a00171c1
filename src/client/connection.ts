import { messageOf, NbdError } from "../core/errors.ts";
import { type Conversation, HandshakeDriver } from "../protocol/conversation.ts";
import type { Receiver, Transport } from "../transport/transport.ts";
import type { Upgrade } from "../transport/upgrade.ts";

/**
 * A connection that changes hands: first a handshake talks over it, then an engine takes it.
 * What arrives in between waits.
 */
export class ClientConnection implements Receiver {
  #transport: Transport;
  readonly #upgrade: Upgrade | undefined;
  #receiver: Receiver | undefined;
  #ended = false;
  #closed: { error: Error | undefined } | undefined;
  #rest: Buffer = Buffer.alloc(0);

  /** @param upgrade how to encrypt, for handshakes that ask for it */
  constructor(transport: Transport, upgrade: Upgrade | undefined) {
    this.#transport = transport;
    this.#upgrade = upgrade;
    transport.start(this);
  }

  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Runs a conversation to its end. If it fails, for whichever reason, the connection is gone.
   * @throws what the conversation throws, ECONNRESET when the server leaves, or the signal's reason
   */
  talk<Result>(conversation: Conversation<Result>, signal?: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => {
      const abort = (): void => talk.fail(signal?.reason);
      const settle = (): void => {
        signal?.removeEventListener("abort", abort);
        this.#receiver = undefined;
      };
      const talk = new HandshakeDriver(conversation, {
        send: (bytes) => this.transport.write(bytes),
        startTls: async () => {
          this.#transport = await this.#transport.startTls(this.#upgrade!);
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
        received: (bytes) => talk.receive(bytes),
        drained: () => {},
        ended: () =>
          talk.fail(new NbdError("ECONNRESET", "the server closed the connection during the handshake")),
        closed: (error) => talk.fail(lost(error)),
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) {
        abort();
        return;
      }
      this.#receiver = receiver;
      talk.start();
      if (this.#receiver === receiver) this.handOver(receiver);
    });
  }

  /** From here on the receiver hears everything, beginning with what has come already. */
  handOver(receiver: Receiver): void {
    this.#receiver = receiver;
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length > 0) receiver.received(rest);
    if (this.#ended) receiver.ended();
    if (this.#closed !== undefined) receiver.closed(this.#closed.error);
  }

  /** Sends what is queued, then closes. What a server still sends is dropped. */
  leave(): void {
    this.#receiver = { received: () => {}, drained: () => {}, ended: () => {}, closed: () => {} };
    this.transport.end();
  }

  received(bytes: Buffer): void {
    if (this.#receiver !== undefined) this.#receiver.received(bytes);
    else this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  ended(): void {
    this.#ended = true;
    this.#receiver?.ended();
  }

  drained(): void {
    this.#receiver?.drained();
  }

  closed(error?: Error): void {
    this.#closed = { error };
    this.#receiver?.closed(error);
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
