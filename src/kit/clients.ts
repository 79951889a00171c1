import type { Client } from "../contract/plugin.ts";

/** The connections of a server, for filters that mind how many there are. */
export class Clients {
  readonly #left: () => void;
  #count = 0;

  /** @param left called whenever one has gone */
  constructor(left: () => void) {
    this.#left = left;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts a client from now until it has gone; call it once for each, in `preconnect`. */
  add({ signal }: Client): void {
    if (signal.aborted) return;
    this.#count++;
    const leave = (): void => {
      this.#count--;
      this.#left();
    };
    signal.addEventListener("abort", leave, { once: true });
  }
}
