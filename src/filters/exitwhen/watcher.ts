import type { Client, Host } from "../../contract/plugin.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { Gate } from "../../core/gate.ts";
import { Clients } from "../../kit/clients.ts";
import { sleep } from "../../kit/sleep.ts";
import type { Event } from "./event.ts";

/** Looks at pipes and processes take no time, and would leave none for anything else. */
const pollMsMin = 1;

/** Looks for events when clients come and go, and now and then while there is none. */
export class Watcher {
  readonly #events: readonly Event[];
  readonly #pollMs: number;
  readonly #host: Host;
  readonly #clients = new Clients(() => void this.#exitIfIdle());
  /** One look at a time, so that many clients do not start many scripts. */
  readonly #looking = new Gate();
  #happened = false;
  readonly #stopping = new AbortController();

  constructor(events: readonly Event[], pollMs: number, host: Host) {
    this.#events = events;
    this.#pollMs = Math.max(pollMs, pollMsMin);
    this.#host = host;
  }

  /** What has happened already ends the server before it has begun. */
  async lookBeforeStart(): Promise<void> {
    await this.#exitIfIdle();
  }

  /** Looks regularly until it is stopped. */
  async poll(): Promise<void> {
    if (this.#events.length === 0) return;
    // The next look is counted from the end of this one, which may be that of a slow script.
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
    // Somebody may have come meanwhile, and is turned away; this is called again then.
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
      // What nobody can tell has not happened, as far as we know.
      if (!this.#stopping.signal.aborted) this.#host.error(messageOf(error));
      return false;
    }
  }
}
