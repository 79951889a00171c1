import { defineFilter, type Filter } from "../contract/filter.ts";
import { delay } from "../contract/parameter.ts";
import type { Client, Host } from "../contract/plugin.ts";
import { Clients } from "../kit/clients.ts";
import { sleep } from "../kit/sleep.ts";

/** Ends the server when the last client has gone (nbdkit-exitlast-filter(1)). */
const exitlast: Filter = defineFilter({
  name: "exitlast",
  longname: "nbdkit exitlast filter",
  description: "Exits when the last client has gone",
  parameters: {
    "exitlast-grace": delay({ default: 0, help: "How long to wait then for another client" }),
  },
  configComplete: ({ "exitlast-grace": graceMs }, host) => new LastClient(graceMs, host),
  preconnect: (last, client) => last.connected(client),
  open(_next, last) {
    last.opened();
    return {};
  },
  cleanup: (last) => last.stop(),
});

export default exitlast;

/**
 * Counts connections and not open exports, so that nobody is cut off in the handshake, or between two exports. It begins
 * to matter when one has opened an export: who only looks whether we are there is no client that we wait for.
 */
class LastClient {
  readonly #graceMs: number;
  readonly #host: Host;
  readonly #clients = new Clients(() => this.#left());
  #isUsed = false;
  #grace = new AbortController();

  constructor(graceMs: number, host: Host) {
    this.#graceMs = graceMs;
    this.#host = host;
  }

  connected(client: Client): void {
    this.#grace.abort();
    this.#clients.add(client);
  }

  opened(): void {
    this.#isUsed = true;
  }

  stop(): void {
    this.#isUsed = false;
    this.#grace.abort();
  }

  #left(): void {
    if (this.#clients.count > 0 || !this.#isUsed) return;
    this.#grace = new AbortController();
    const exit = (): void => {
      if (this.#host.verbose) this.#host.debug("exiting on last client connection");
      this.#host.shutdown();
    };
    // Somebody has come, or the server ends anyway.
    const stay = (): void => {};
    sleep(this.#graceMs, this.#grace.signal).then(exit, stay);
  }
}
