import { messageOf } from "../core/errors.ts";
import { type Log, logStack } from "../core/log.ts";

/** One line for one client; those that go on making mistakes shall not fill the log. */
export class Complaints {
  readonly #log: Log;
  #any = false;

  constructor(log: Log) {
    this.#log = log;
  }

  add(error: unknown): void {
    if (this.#any) this.#log.debug(messageOf(error));
    else this.#log.error(messageOf(error));
    logStack(this.#log, error);
    this.#any = true;
  }
}
