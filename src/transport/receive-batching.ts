/**
 * Waits a moment, in µs, for bytes to arrive: until so many are there, nothing has come for `quietUs`, or `limitUs` are
 * over. @returns how many are there then
 */
export type WaitForBytes = (bytes: number, quietUs: number, limitUs: number) => number;

/** A client that does not wait for answers sends its next request sooner than this. */
const quietUs = 15;
/** So long others may be kept waiting. */
const limitUs = 50;

/** Every so often it is found out how much a client sends without waiting for answers, and for so long. */
const turnsBetween = 256;
const trialUs = 100;

/** Bytes: this much is worth a turn of the loop, whatever else comes. */
const enoughBytes = 32 * 1024;

/** Who was received from last on this loop. */
let latest: ReceiveBatching | undefined;

/**
 * Makes few turns of the loop out of many. A server that is quicker than its client gets one request at a time,
 * however many the client has under way, and both spend their time on system calls and on waking each other. Who lets half
 * of them arrive first, while the client is busy with the other half, serves both with a few. A client that has but one
 * request under way is never waited for, except in the trials; nor is anybody while others use the loop, who would wait too,
 * and give it enough to do.
 */
export class ReceiveBatching {
  readonly #waitForBytes: WaitForBytes;
  #turns = 0;
  /** What is waited for; 0 for nothing. */
  #bytes = 0;

  constructor(waitForBytes: WaitForBytes) {
    this.#waitForBytes = waitForBytes;
  }

  /** Before something is received. */
  wait(): void {
    const isAlone = latest === this;
    latest = this;
    if (!isAlone) return;
    this.#turns += 1;
    if (this.#turns >= turnsBetween) this.#try();
    else if (this.#bytes > 0) this.#waitForBytes(this.#bytes, quietUs, limitUs);
  }

  #try(): void {
    this.#turns = 0;
    const before = this.#waitForBytes(0, 0, 0);
    const after = this.#waitForBytes(2 * enoughBytes, quietUs, trialUs);
    this.#bytes = after > before ? Math.min(Math.ceil(after / 2), enoughBytes) : 0;
  }
}
