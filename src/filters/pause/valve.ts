import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { wait } from "../../kit/sleep.ts";

/** What requests go through; nothing does while it is closed. */
export class Valve {
  #closed = false;
  #inside = 0;
  readonly #waiting = new Set<() => void>();
  #emptied: (() => void)[] = [];

  /** Resolves when everything that went in has come out. */
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
   * Waits while it is closed, unless one of the signals is aborted before.
   * @throws the signal's reason
   */
  enter(signals: readonly AbortSignal[]): MaybePromise<void> {
    if (!this.#closed) return;
    const opened = wait((go) => {
      this.#waiting.add(go);
      return () => this.#waiting.delete(go);
    }, signals);
    // It may have been closed again by the time that this one has its turn.
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
