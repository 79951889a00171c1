/** The time in ms of a seek over no distance, over half of the way of the head, and over the whole way. */
export interface SeekTimes {
  readonly min: number;
  readonly half: number;
  readonly max: number;
}

/** The head takes no time to move this far, as on nbdkit's disk; bytes. */
const trackBytes = 128 * 1024;

/** A head of a spinning disk, or an arm with several heads. It seeks for one request after another. */
export class Head {
  readonly #rangeBytes: number;
  readonly #times: SeekTimes;
  #position = 0;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @param rangeBytes the size of the part of the disk that the head can reach */
  constructor(rangeBytes: number, times: SeekTimes) {
    this.#rangeBytes = rangeBytes;
    this.#times = times;
  }

  /** Whether the head can move there without a delay: it is near, and no request waits for it. */
  isNear(position: number): boolean {
    return this.#waiting === 0 && Math.abs(position - this.#position) <= trackBytes;
  }

  /** Moves the head without a delay. */
  place(position: number): void {
    this.#position = position;
  }

  /**
   * Moves the head when all earlier requests have been served.
   *
   * @param position where to; bytes from the start of the part of the disk
   * @param wait waits for some ms
   * @throws what `wait` throws
   */
  async seek(position: number, wait: (ms: number) => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => {
      const ms = this.#seekMs(position);
      this.#position = position;
      return wait(ms);
    });
    // A request that fails keeps no later one from its turn.
    this.#turn = turn.catch(() => {});
    this.#waiting++;
    try {
      await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** The time as a quadratic function of the distance that gives the three times. */
  #seekMs(position: number): number {
    const distance = Math.abs(position - this.#position);
    if (distance <= trackBytes) return 0;
    const { min, half, max } = this.#times;
    const share = distance / this.#rangeBytes;
    const square = 2 * min - 4 * half + 2 * max;
    const linear = max - min - square;
    return Math.max(0, square * share * share + linear * share + min);
  }
}
