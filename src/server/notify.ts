import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";

/** Reports the state of this process to the service manager, by systemd's protocol (sd_notify(3)). */
export class Supervisor {
  readonly #socket: string;
  readonly #log: Log;

  /** @param socket a path, or "@" and an abstract name */
  constructor(socket: string, log: Log) {
    this.#socket = socket;
    this.#log = log;
  }

  /** Reports that clients can connect, and starts the watchdog messages. */
  ready(): void {
    this.#send(`READY=1\nMAINPID=${process.pid}`);
    const intervalMs = watchdogIntervalMs();
    if (intervalMs === undefined) return;
    setInterval(() => this.#send("WATCHDOG=1"), intervalMs).unref();
  }

  /** Reports that the server is ending. Watchdog messages continue until the process exits. */
  stopping(): void {
    this.#send("STOPPING=1");
  }

  #send(state: string): void {
    try {
      native().sendDatagram(this.#socket, Buffer.from(state));
    } catch (error) {
      this.#log.error(
        `cannot send ${state.split("\n", 1)[0]} to NOTIFY_SOCKET=${this.#socket}: ${messageOf(error)}`,
      );
    }
  }
}

/** The longest delay of Node's timers; a longer one fires at once. */
const timerMaxMs = 2 ** 31 - 1;

/** Half of the watchdog timeout (sd_watchdog_enabled(3)) in ms; undefined without a watchdog. */
function watchdogIntervalMs(): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return microseconds > 0 ? Math.min(microseconds / 2 / 1000, timerMaxMs) : undefined;
}
