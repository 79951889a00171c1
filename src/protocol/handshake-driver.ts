import { ByteQueue } from "../core/bytes.ts";
import { NbdError } from "../core/errors.ts";
import type { Conversation, Step } from "./conversation.ts";

/** The callbacks of a {@link HandshakeDriver}. Each is called at most once, except `send`. */
export interface HandshakeEvents<Result> {
  /** Sends bytes to the peer. */
  send(bytes: Buffer): void;
  /**
   * Upgrades the transport to TLS. Plaintext bytes that the peer sent too early end the handshake with an
   * error.
   */
  startTls(): Promise<void>;
  /** The handshake is complete. `rest` arrived after its end and belongs to the next phase. */
  done(result: Result, rest: Buffer): void;
  /** The handshake has failed. */
  failed(error: unknown): void;
}

/** Runs a handshake generator with bytes that are pushed in. */
export class HandshakeDriver<Result> {
  readonly #conversation: Conversation<Result>;
  readonly #driver: HandshakeEvents<Result>;
  readonly #arrived = new ByteQueue();
  #needed = 0;
  #state: "taking" | "waiting" | "over" = "waiting";

  constructor(conversation: Conversation<Result>, driver: HandshakeEvents<Result>) {
    this.#conversation = conversation;
    this.#driver = driver;
  }

  start(): void {
    this.#resume(undefined);
  }

  /** Received bytes that the handshake has not used yet. */
  get pendingBytes(): number {
    return this.#arrived.length;
  }

  receive(bytes: Buffer): void {
    this.#arrived.push(bytes);
    if (this.#state === "taking") this.#takeOrWait();
  }

  /** Throws an error into the generator at its current step: the peer disconnected, or a callback failed. */
  fail(error: unknown): void {
    if (this.#state === "over") return;
    this.#step(() => this.#conversation.throw(error));
  }

  #takeOrWait(): void {
    if (this.#arrived.length < this.#needed) {
      this.#state = "taking";
      return;
    }
    this.#resume(this.#arrived.take(this.#needed));
  }

  #resume(answer: unknown): void {
    this.#step(() => this.#conversation.next(answer));
  }

  #step(advance: () => IteratorResult<Step, Result>): void {
    this.#state = "waiting";
    try {
      let next = advance();
      // A loop instead of recursion: a peer may send any number of small messages at once.
      while (!next.done) {
        const step = next.value;
        if (step.kind === "send") {
          this.#driver.send(step.bytes);
          next = this.#conversation.next();
        } else if (step.kind === "take" && this.#arrived.length >= step.length) {
          next = this.#conversation.next(this.#arrived.take(step.length));
        } else break;
      }
      if (next.done) this.#finish(next.value);
      else this.#perform(next.value);
    } catch (error) {
      if (this.#isOver()) throw error;
      this.#state = "over";
      this.#driver.failed(error);
    }
  }

  #perform(step: Step): void {
    if (step.kind === "take") {
      this.#needed = step.length;
      this.#takeOrWait();
    } else if (step.kind === "wait") {
      this.#await(step.promise);
    } else if (this.#arrived.length > 0) {
      this.fail(bytesInClear());
    } else {
      this.#await(this.#startTls());
    }
  }

  /** Rejects plaintext bytes that arrive before TLS begins. They must not be treated as encrypted bytes. */
  async #startTls(): Promise<void> {
    await this.#driver.startTls();
    if (this.#arrived.length > 0) throw bytesInClear();
  }

  #await(promise: PromiseLike<unknown>): void {
    promise.then(
      (value) => this.#state !== "over" && this.#resume(value),
      (error: unknown) => this.fail(error),
    );
  }

  /** A method, because the compiler assumes that the calls in between do not change the field. */
  #isOver(): boolean {
    return this.#state === "over";
  }

  #finish(result: Result): void {
    this.#state = "over";
    this.#driver.done(result, this.#arrived.takeAll());
  }
}

function bytesInClear(): Error {
  return new NbdError("EPROTO", "the peer sent bytes in clear where TLS was to begin");
}
