import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/**
 * A handshake, written as a sequential generator: it yields each step and is resumed with the result.
 * The generator does no I/O. A driver moves the bytes.
 */
export type Conversation<Result> = Generator<Step, Result, unknown>;

/** A step that the driver performs. */
export type Step =
  | { readonly kind: "take"; readonly length: number }
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "wait"; readonly promise: PromiseLike<unknown> }
  | { readonly kind: "startTls" };

/** Receives the next `length` bytes from the peer. */
export function* take(length: number): Conversation<Buffer> {
  // A generator has one type for all answers to `yield`. The driver answers each kind of step with its own type.
  return (yield { kind: "take", length }) as Buffer;
}

/** Sends bytes to the peer. */
export function* send(bytes: Buffer): Conversation<void> {
  yield { kind: "send", bytes };
}

/** Waits for a value from outside the protocol, such as the result of opening an export. */
export function* wait<T>(value: MaybePromise<T>): Conversation<T> {
  if (!isPromise(value)) return value;
  // As in `take`.
  return (yield { kind: "wait", promise: value }) as T;
}

/** Starts TLS. All later bytes of both directions are encrypted. */
export function* startTls(): Conversation<void> {
  yield { kind: "startTls" };
}
