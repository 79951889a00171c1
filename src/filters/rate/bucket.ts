/**
 * A token bucket that may be overdrawn. A request that takes more tokens than the bucket holds waits until
 * the bucket would have held them, and later requests wait for that time too. So a large request is not
 * refused, and later requests do not overtake it.
 */
export class Bucket {
  /** Tokens per second; 0 means no limit. */
  rate: number;
  readonly #capacitySeconds: number;
  readonly #now: () => number;
  #level: number;
  #filledAt: number;

  /**
   * @param capacitySeconds capacity in seconds of the rate; the bucket starts full
   * @param now monotonic clock, in ms
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
    // Without a limit no tokens were counted, so the bucket is full.
    const isNew = this.rate === 0;
    this.rate = rate;
    this.#level = isNew ? this.#capacity : Math.min(this.#level, this.#capacity);
  }

  /** @returns the time to wait, in ms */
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
