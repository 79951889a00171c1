import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { wait } from "../../kit/sleep.ts";

/** Counts running requests and holds new requests back while it is closed. */
export class Valve {
  #closed = false;
  #inside = 0;
  readonly #waiting = new Set<() => void>();
  #emptied: (() => void)[] = [];

  /** Resolves when all running requests have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inside > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  open(): void {
    this.#closed = false;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /**
   * Waits while the valve is closed.
   * @throws the reason of the first signal that aborts
   */
  enter(signals: readonly AbortSignal[]): MaybePromise<void> {
    if (!this.#closed) return;
    const opened = wait((go) => {
      this.#waiting.add(go);
      return () => this.#waiting.delete(go);
    }, signals);
    // Check again: the valve may have been closed again before this callback runs.
    return opened.then(() => this.enter(signals));
  }

  pass<Result>(perform: () => MaybePromise<Result>): MaybePromise<Result> {
    this.#inside++;
    let result: MaybePromise<Result>;
    try {
      result = perform();
    } catch (error) {
      this.#leave();
      throw error;
    }
    if (isPromise(result)) Promise.resolve(result).then(this.#leave, this.#leave);
    else this.#leave();
    return result;
  }

  readonly #leave = (): void => {
    this.#inside--;
    if (this.#inside > 0) return;
    for (const resolve of this.#emptied) resolve();
    this.#emptied = [];
  };
}
