/**
 * A token bucket that may be overdrawn: who takes more than there is waits until it would have been there, and who comes
 * later waits for that too. So large requests are neither refused nor overtaken.
 */
export class Bucket {
  /** Tokens per second; 0 is no limit. */
  rate: number;
  readonly #capacitySeconds: number;
  readonly #now: () => number;
  #level: number;
  #filledAt: number;

  /**
   * @param capacitySeconds how much it holds, in seconds of the rate; it begins full
   * @param now ms, never going back
   */
  constructor(rate: number, capacitySeconds: number, now: () => number = () => performance.now()) {
    this.rate = rate;
    this.#capacitySeconds = capacitySeconds;
    this.#now = now;
    this.#level = this.#capacity;
    this.#filledAt = now();
  }

  setRate(rate: number): void {
    if (rate === this.rate) return;
    this.#fill();
    // Without a limit nothing was counted, so there is as much as there can be.
    const isNew = this.rate === 0;
    this.rate = rate;
    this.#level = isNew ? this.#capacity : Math.min(this.#level, this.#capacity);
  }

  /** @returns how long to wait before going on, in ms */
  take(tokens: number): number {
    if (this.rate === 0) return 0;
    this.#fill();
    this.#level -= tokens;
    return this.#level >= 0 ? 0 : (-this.#level * 1000) / this.rate;
  }

  #fill(): void {
    const now = this.#now();
    const added = (this.rate * (now - this.#filledAt)) / 1000;
    this.#level = Math.min(this.#level + added, this.#capacity);
    this.#filledAt = now;
  }

  get #capacity(): number {
    return this.rate * this.#capacitySeconds;
  }
}
