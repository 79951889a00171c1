import { messageOf } from "../core/errors.ts";
import { type Log, logStack } from "../core/log.ts";

/**
 * Logs the first failure of a client as an error and the later ones as debug messages.
 * A client that keeps making mistakes must not fill the log.
 */
export class FailureLog {
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
