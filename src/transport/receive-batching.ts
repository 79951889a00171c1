/**
 * Busy-waits until `bytes` bytes have arrived, nothing has arrived for `quietUs` µs, or `limitUs` µs are
 * over.
 * @returns the number of bytes that have arrived
 */
export type WaitForBytes = (bytes: number, quietUs: number, limitUs: number) => number;

/** Microseconds. A client that does not wait for replies sends its next request sooner than this. */
const quietUs = 15;
/** Microseconds that other connections may be delayed. */
const limitUs = 50;

/**
 * After this many event-loop iterations, a trial of `trialUs` µs measures how much the client sends without
 * waiting for replies.
 */
const iterationsBetween = 256;
const trialUs = 100;

/** Bytes. This much is worth an event-loop iteration, whatever else arrives. */
const enoughBytes = 32 * 1024;

/** The connection of this thread that received last. */
let latest: ReceiveBatching | undefined;

/**
 * Busy-waits briefly for more requests, so that one system call serves several.
 *
 * A server that is faster than its client receives one request at a time, although the client has many in
 * flight. Both then spend their time on system calls and wake-ups. When the server lets half of the requests
 * arrive first, while the client processes the other half, a few system calls serve both.
 *
 * A client with one request in flight is never waited for, except in the trials. There is also no wait while
 * other connections of the thread are active: they would be delayed, and they give the event loop enough to
 * do.
 */
export class ReceiveBatching {
  readonly #waitForBytes: WaitForBytes;
  #iterations = 0;
  /** Bytes to wait for; 0 to wait for nothing. */
  #bytes = 0;

  constructor(waitForBytes: WaitForBytes) {
    this.#waitForBytes = waitForBytes;
  }

  /** Call this before each receive. */
  wait(): void {
    const isAlone = latest === this;
    latest = this;
    if (!isAlone) return;
    this.#iterations += 1;
    if (this.#iterations >= iterationsBetween) this.#try();
    else if (this.#bytes > 0) this.#waitForBytes(this.#bytes, quietUs, limitUs);
  }

  #try(): void {
    this.#iterations = 0;
    const before = this.#waitForBytes(0, 0, 0);
    const after = this.#waitForBytes(2 * enoughBytes, quietUs, trialUs);
    this.#bytes = after > before ? Math.min(Math.ceil(after / 2), enoughBytes) : 0;
  }
}
