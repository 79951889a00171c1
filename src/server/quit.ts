import { constants } from "node:os";
import { isError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";

/** Signals that end a server in order (nbdkit-service(1)); SIGHUP too, so that nothing of ours is left behind. */
const quitSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];

/** Whoever ends a process group and its parent with it makes us get two signals, which are one wish. */
const burstMs = 1000;

/** A plugin that has kept the process busy for so long, so that nobody hears a signal, is not going to stop. */
const unheardSecondsMax = 5;

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
  #onSignal: (signal: NodeJS.Signals) => void;

  constructor(log: Log) {
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.signalled = new Promise((resolve) => {
      this.#resolveSignalled = resolve;
    });
    this.#onSignal = (signal) => this.ask(signal);
    // A defect of ours or of a plugin: say so in one line and end in order, with what can still be saved.
    const failed = (error: unknown): void => {
      log.error(`internal error: ${messageOf(error)}`);
      if (isError(error) && error.stack !== undefined) log.debug(error.stack);
      this.ask("failed");
    };
    dieOfUserSignal();
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

  /**
   * Until then a signal ends the process at once, even while a plugin keeps it busy: there is nothing to clean up.
   * @param hangup what SIGHUP means instead, if it means something else here
   */
  catchSignals(hangup?: () => void): void {
    let last = Number.NEGATIVE_INFINITY;
    for (const signal of quitSignals) {
      if (signal === "SIGHUP" && hangup !== undefined) {
        process.on(signal, hangup);
        continue;
      }
      process.on(signal, () => {
        this.#hears();
        const now = performance.now();
        if (now - last < burstMs) return;
        last = now;
        this.#onSignal(signal);
      });
      native().endUnlessHeard(constants.signals[signal], unheardSecondsMax);
    }
  }

  /** From now on signals mean this: they are the command's of --run, first of all. */
  handleSignals(handler: (signal: NodeJS.Signals) => void): void {
    this.#onSignal = handler;
  }

  /**
   * The server stops, so that the first signal need not be told to anybody, and whoever sends another one has lost
   * patience. From the first one on, a plugin that keeps the process busy is not waited for either.
   */
  stopping(impatient: (signal: NodeJS.Signals) => void): void {
    this.#onSignal = (signal) => (this.#wasSignalled ? impatient(signal) : this.hear(signal));
    if (this.#isStopping) return;
    this.#isStopping = true;
    void this.signalled.then(() => {
      this.#hears();
      setInterval(() => this.#hears(), beatMs).unref();
    });
  }

  #hears(): void {
    native().signalHeard(this.#isStopping && this.#wasSignalled ? unheardSecondsMax : 0);
  }
}

export function isSignal(reason: QuitReason): reason is NodeJS.Signals {
  return reason in constants.signals;
}

/** The exit status of whom it ended, as a shell has it. */
export function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Node would open a debugger; to other programs this signal is fatal, as to nbdkit. */
function dieOfUserSignal(): void {
  process.once("SIGUSR1", () => process.kill(process.pid, "SIGUSR1"));
}
