import type { Client } from "../contract/plugin.ts";

/** Counts the connected clients of a server, for filters that depend on the number. */
export class Clients {
  readonly #left: () => void;
  #count = 0;

  /** @param left called whenever a client has disconnected */
  constructor(left: () => void) {
    this.#left = left;
  }

  /** The number of connected clients. */
  get count(): number {
    return this.#count;
  }

  /** Counts a client until it disconnects. Call it once for each client, in `preconnect`. */
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
