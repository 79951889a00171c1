import { writeSync } from "node:fs";
import { NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** Words for the terminal, in nbdkit's form: `nbdkit: error: ...`, `nbdkit: debug: ...`. */
export class StderrLog implements Log {
  readonly verbose: boolean;
  readonly #prefix: string;

  constructor(verbose: boolean, prefix = "nbdkit: ") {
    this.verbose = verbose;
    this.#prefix = prefix;
  }

  error(message: string): void {
    this.#write(`${this.#prefix}error: ${message}\n`);
  }

  debug(message: string): void {
    if (this.verbose) this.#write(`${this.#prefix}debug: ${message}\n`);
  }

  /** Synchronous, so that a line is out before the process ends for whatever reason. */
  #write(line: string): void {
    try {
      writeSync(2, line);
    } catch (error) {
      // Nobody reads stderr any more (EPIPE), or it was never open: there is nobody left to tell.
      if (!(error instanceof Error)) throw new NbdError("EIO", "stderr failed", { cause: error });
    }
  }
}

/** The same log, with a name in front of what is said: `nbdkit: memory[1]: error: ...`. */
export function namedLog(log: Log, name: string): Log {
  return log instanceof StderrLog ? new StderrLog(log.verbose, `nbdkit: ${name}: `) : log;
}
