import type { Client, Host } from "../../contract/plugin.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { Gate } from "../../core/gate.ts";
import { Clients } from "../../kit/clients.ts";
import { sleep } from "../../kit/sleep.ts";
import type { Event } from "./event.ts";

/** At least 1 ms: with 0, the checks of pipes and processes would keep the event loop busy. */
const pollMsMin = 1;

/**
 * Checks the events when a client connects, when the last client disconnects, and periodically while no
 * client is connected. After an event, new clients are refused, and the server stops when no client is
 * connected.
 */
export class Watcher {
  readonly #events: readonly Event[];
  readonly #pollMs: number;
  readonly #host: Host;
  readonly #clients = new Clients(() => void this.#exitIfIdle());
  /** One check at a time, so that many clients do not start many scripts. */
  readonly #looking = new Gate();
  #happened = false;
  readonly #stopping = new AbortController();

  constructor(events: readonly Event[], pollMs: number, host: Host) {
    this.#events = events;
    this.#pollMs = Math.max(pollMs, pollMsMin);
    this.#host = host;
  }

  /** Stops the server before it starts if an event has already happened. */
  async lookBeforeStart(): Promise<void> {
    await this.#exitIfIdle();
  }

  /** Checks periodically until stop(). */
  async poll(): Promise<void> {
    if (this.#events.length === 0) return;
    // The interval starts at the end of a check, because a script may be slow.
    while (await this.#isTimeToLook()) await this.#exitIfIdle();
  }

  /** @throws NbdError ESHUTDOWN when an event has happened */
  async admit(client: Client): Promise<void> {
    this.#clients.add(client);
    if (await this.#look()) {
      throw new NbdError("ESHUTDOWN", "exitwhen: nbdkit is exiting: rejecting new connection");
    }
  }

  stop(): void {
    this.#stopping.abort();
    for (const event of this.#events) event.close?.();
  }

  #isTimeToLook(): Promise<boolean> {
    return sleep(this.#pollMs, this.#stopping.signal).then(
      () => true,
      () => false,
    );
  }

  async #exitIfIdle(): Promise<void> {
    if (this.#clients.count > 0 || !(await this.#look())) return;
    // A client may have connected meanwhile. admit() refuses it, and its disconnect calls this method again.
    if (this.#clients.count === 0) this.#host.shutdown();
  }

  async #look(): Promise<boolean> {
    await this.#looking.enter();
    try {
      for (const event of this.#events) {
        if (this.#happened || this.#stopping.signal.aborted) break;
        this.#happened = await this.#hasHappened(event);
      }
    } finally {
      this.#looking.leave();
    }
    return this.#happened;
  }

  async #hasHappened(event: Event): Promise<boolean> {
    try {
      const happened = await event.happened();
      if (happened && this.#host.verbose) this.#host.debug(event.description);
      return happened;
    } catch (error) {
      // A check that fails counts as "not happened".
      if (!this.#stopping.signal.aborted) this.#host.error(messageOf(error));
      return false;
    }
  }
}
