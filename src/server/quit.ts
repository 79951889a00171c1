import { constants } from "node:os";
import { isError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { Signals, unheardSecondsMax } from "./signals.ts";

/** How often JavaScript shows at the end that it is not kept busy. */
const beatMs = 1000;

/** Why a server ends: somebody asked, a signal came, or a defect was found. */
export type QuitReason = "asked" | "failed" | NodeJS.Signals;

/** The wish to end: where signals, plugins and accidents meet. There is one in a process. */
export class Quit {
  readonly asked: Promise<QuitReason>;
  /** The first signal that was meant to end us, also when it was the command's of --run first of all. */
  readonly signalled: Promise<NodeJS.Signals>;
  #resolve!: (reason: QuitReason) => void;
  #reason: QuitReason | undefined;
  #resolveSignalled!: (signal: NodeJS.Signals) => void;
  #wasSignalled = false;
  #isStopping = false;
  readonly #signals: Signals;

  /**
   * Signals are caught from here on, so this comes before all that makes something. Until {@link serve} they end the process.
   * @param hangup what SIGHUP means, if it does not ask to end
   */
  constructor(log: Log, hangup?: () => void) {
    this.#signals = new Signals(hangup);
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.signalled = new Promise((resolve) => {
      this.#resolveSignalled = resolve;
    });
    // A defect of ours or of a plugin: say so in one line and end in order, with what can still be saved.
    const failed = (error: unknown): void => {
      log.error(`internal error: ${messageOf(error)}`);
      if (isError(error) && error.stack !== undefined) log.debug(error.stack);
      this.ask("failed");
    };
    process.on("uncaughtException", failed);
    process.on("unhandledRejection", failed);
  }

  /** Why to end; undefined as long as nobody asked. */
  get reason(): QuitReason | undefined {
    return this.#reason;
  }

  /** Ends the server as SIGTERM would. */
  ask(reason: QuitReason = "asked"): void {
    if (isSignal(reason)) this.hear(reason);
    this.#reason ??= reason;
    this.#resolve(reason);
  }

  /** Notes that somebody wants us to end, and is waiting. */
  hear(signal: NodeJS.Signals): void {
    this.#wasSignalled = true;
    this.#resolveSignalled(signal);
  }

  /** The chain is ready: from now on a signal asks the server to end in order. */
  serve(): void {
    this.#signals.handler = (signal) => this.ask(signal);
  }

  /** From now on signals mean this: they are the command's of --run, first of all. */
  handleSignals(handler: (signal: NodeJS.Signals) => void): void {
    this.#signals.handler = handler;
  }

  /**
   * The server stops, so that the first signal need not be told to anybody, and whoever sends another one has lost
   * patience. From the first one on, a plugin that keeps the process busy is not waited for either.
   */
  stopping(impatient: (signal: NodeJS.Signals) => void): void {
    this.#signals.handler = (signal) => (this.#wasSignalled ? impatient(signal) : this.hear(signal));
    if (this.#isStopping) return;
    this.#isStopping = true;
    void this.signalled.then(() => {
      this.#signals.patienceSeconds = unheardSecondsMax;
      this.#signals.heard();
      setInterval(() => this.#signals.heard(), beatMs).unref();
    });
  }
}

export function isSignal(reason: QuitReason): reason is NodeJS.Signals {
  return reason in constants.signals;
}
