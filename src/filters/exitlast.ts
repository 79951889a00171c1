import { defineFilter, type Filter } from "../contract/filter.ts";
import { delay } from "../contract/parameter.ts";
import type { Client, Host } from "../contract/plugin.ts";
import { Clients } from "../kit/clients.ts";
import { sleep } from "../kit/sleep.ts";

/** Stops the server when the last client disconnects (nbdkit-exitlast-filter(1)). */
const exitlast: Filter = defineFilter({
  name: "exitlast",
  longname: "nbdkit exitlast filter",
  description: "Exits when the last client disconnects",
  parameters: {
    "exitlast-grace": delay({ default: 0, help: "How long to wait for another client before exiting" }),
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
 * Counts connections, not open exports, so that no client is cut off in the handshake or between two
 * exports. The count is ignored until a client has opened an export: a client that only probes the server
 * does not stop it.
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
    // Another client has connected, or the server is already stopping.
    const stay = (): void => {};
    sleep(this.#graceMs, this.#grace.signal).then(exit, stay);
  }
}
