import { ByteQueue } from "../core/bytes.ts";
import { NbdError } from "../core/errors.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/**
 * A handshake, written top to bottom: it yields what it needs next and is resumed with the answer.
 * Who moves the bytes, and how, is the driver's business.
 */
export type Conversation<Result> = Generator<Step, Result, unknown>;

export type Step =
  | { readonly kind: "take"; readonly length: number }
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "wait"; readonly promise: PromiseLike<unknown> }
  | { readonly kind: "startTls" };

/** The next `length` bytes from the peer. */
export function* take(length: number): Conversation<Buffer> {
  return (yield { kind: "take", length }) as Buffer;
}

export function* send(bytes: Buffer): Conversation<void> {
  yield { kind: "send", bytes };
}

/** The value of something outside the protocol (an export being opened), which may take its time. */
export function* wait<T>(value: MaybePromise<T>): Conversation<T> {
  if (!isPromise(value)) return value;
  return (yield { kind: "wait", promise: value }) as T;
}

/** From here on the bytes of both directions are encrypted. */
export function* startTls(): Conversation<void> {
  yield { kind: "startTls" };
}

/** What a {@link HandshakeDriver} needs from its surroundings. Every member is called at most once, save `send`. */
export interface HandshakeEvents<Result> {
  send(bytes: Buffer): void;
  /** Upgrades the transport; bytes that came in clear before it are the peer's fault and end the talk. */
  startTls(): Promise<void>;
  /** The conversation is over; `rest` came after its end and belongs to what follows. */
  done(result: Result, rest: Buffer): void;
  failed(error: unknown): void;
}

/** Runs a conversation over bytes that are pushed in. */
export class HandshakeDriver<Result> {
  readonly #conversation: Conversation<Result>;
  readonly #driver: HandshakeEvents<Result>;
  readonly #arrived = new ByteQueue();
  #needed = 0;
  #state = "waiting" as "taking" | "waiting" | "over";

  constructor(conversation: Conversation<Result>, driver: HandshakeEvents<Result>) {
    this.#conversation = conversation;
    this.#driver = driver;
  }

  start(): void {
    this.#resume(undefined);
  }

  /** Bytes received that the conversation has not used yet. */
  get pendingBytes(): number {
    return this.#arrived.length;
  }

  receive(bytes: Buffer): void {
    this.#arrived.push(bytes);
    if (this.#state === "taking") this.#takeOrWait();
  }

  /** The peer left, or the surroundings failed: the conversation gets the error where it stands. */
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
      // A loop, since a peer may send any number of small things at once.
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

  /** Nothing that came before encryption began may be taken for something that came after it. */
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

  /** A method, since the compiler would take the state for unchanged by the calls in between. */
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
