import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";

/** Tells whoever supervises this process how it is: systemd's protocol (sd_notify(3)). */
export class Supervisor {
  readonly #socket: string;
  readonly #log: Log;

  /** @param socket a path, or "@" and an abstract name */
  constructor(socket: string, log: Log) {
    this.#socket = socket;
    this.#log = log;
  }

  /** Clients can connect. */
  ready(): void {
    this.#send(`READY=1\nMAINPID=${process.pid}`);
    const intervalMs = watchdogIntervalMs();
    if (intervalMs === undefined) return;
    setInterval(() => this.#send("WATCHDOG=1"), intervalMs).unref();
  }

  /** The server has begun to end. It may take its time, and goes on to show that it lives. */
  stopping(): void {
    this.#send("STOPPING=1");
  }

  #send(state: string): void {
    try {
      native().sendDatagram(this.#socket, Buffer.from(state));
    } catch (error) {
      this.#log.error(
        `cannot tell NOTIFY_SOCKET=${this.#socket} ${state.split("\n", 1)[0]}: ${messageOf(error)}`,
      );
    }
  }
}

/** Node takes a longer time for a mistake. */
const timerMaxMs = 2 ** 31 - 1;

/** Half of what we are given (sd_watchdog_enabled(3)); undefined when nobody watches this process. */
function watchdogIntervalMs(): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return microseconds > 0 ? Math.min(microseconds / 2 / 1000, timerMaxMs) : undefined;
}
