import type { MaybePromise } from "./maybe-promise.ts";

/** A lock with a queue in order of arrival. Thread models stricter than `parallel` need it. */
export class Gate {
  #taken = false;
  readonly #queue: (() => void)[] = [];

  /** Takes the lock; there is no promise when the lock is free. Every `enter` needs one `leave`. */
  enter(): MaybePromise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }
}
