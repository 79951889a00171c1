import type { MaybePromise } from "./maybe-promise.ts";

/** One at a time, first come first served: what a thread model below `parallel` needs. */
export class Gate {
  #taken = false;
  readonly #queue: (() => void)[] = [];

  /** Answers at once when the gate is free. Whoever entered must leave. */
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
