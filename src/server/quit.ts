import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** Signals that end a server in order (nbdkit-service(1)); SIGHUP too, so that nothing of ours is left behind. */
const quitSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];

/** Why a server ends: somebody asked, a signal came, or a defect was found. */
export type QuitReason = "asked" | "failed" | NodeJS.Signals;

/** The wish to end: where signals, plugins and accidents meet. There is one in a process. */
export class Quit {
  readonly asked: Promise<QuitReason>;
  #ask!: (reason: QuitReason) => void;
  #onSignal: (signal: NodeJS.Signals) => void;

  constructor(log: Log) {
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
    this.#onSignal = (signal) => this.#ask(signal);
    for (const signal of quitSignals) process.on(signal, () => this.#onSignal(signal));
    // A defect of ours or of a plugin: say so in one line and end in order, with what can still be saved.
    const failed = (error: unknown): void => {
      log.error(`internal error: ${messageOf(error)}`);
      if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
      this.#ask("failed");
    };
    process.on("uncaughtException", failed);
    process.on("unhandledRejection", failed);
  }

  /** Ends the server as SIGTERM would. */
  ask(): void {
    this.#ask("asked");
  }

  /** From now on signals mean this: first of all they are the command's of --run, at the end they are impatience. */
  handleSignals(handler: (signal: NodeJS.Signals) => void): void {
    this.#onSignal = handler;
  }
}
