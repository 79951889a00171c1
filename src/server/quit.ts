import { constants } from "node:os";
import { deferred } from "../core/deferred.ts";
import { isError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { EndRequest } from "./end-request.ts";
import { busySecondsMax, Signals } from "./signals.ts";
import { stallMs } from "./stall.ts";

/** Interval in ms at which JavaScript resets the signal watchdog during shutdown: well below its timeout. */
const beatMs = stallMs / 5;

/** Why a server ends: a plugin or program asked, a signal arrived, or an internal error occurred. */
export type QuitReason = "asked" | "failed" | NodeJS.Signals;

/**
 * The request to end this process, from signals, plugins and internal errors. A process has one.
 *
 * Signals pass through these states: until {@link serve} a signal ends the process at once; after it, a
 * signal asks for an orderly end; {@link handleSignals} redirects signals to the command of --run; after
 * {@link stopping}, the first signal starts the signal watchdog, and the second one cuts the shutdown short.
 */
export class Quit extends EndRequest<QuitReason> {
  /** The first quit signal, also when it was forwarded to the command of --run. */
  readonly signalled: Promise<NodeJS.Signals>;
  readonly #signalled = deferred<NodeJS.Signals>();
  #wasSignalled = false;
  #isStopping = false;
  readonly #signals: Signals;

  /**
   * Catches signals from here on, so construct it before anything that must be removed. Until {@link serve}
   * signals end the process.
   * @param hangup handler of SIGHUP, when SIGHUP is no quit signal
   */
  constructor(log: Log, hangup?: () => void) {
    super();
    this.#signals = new Signals(hangup);
    this.signalled = this.#signalled.promise;
    // An internal error, of the server or of a plugin: log one line and shut down in order.
    const failed = (error: unknown): void => {
      log.error(`internal error: ${messageOf(error)}`);
      if (isError(error) && error.stack !== undefined) log.debug(error.stack);
      this.ask("failed");
    };
    process.on("uncaughtException", failed);
    process.on("unhandledRejection", failed);
  }

  /** Ends the server as SIGTERM would. */
  override ask(reason: QuitReason): void {
    if (isSignal(reason)) this.noteSignal(reason);
    super.ask(reason);
  }

  /** Records a quit signal: from now on shutdown has a time limit. */
  noteSignal(signal: NodeJS.Signals): void {
    this.#wasSignalled = true;
    this.#signalled.resolve(signal);
  }

  /** Call it when the chain is ready: from now on a signal asks the server to end in order. */
  chainIsReady(): void {
    this.#signals.handler = (signal) => this.ask(signal);
  }

  /** Replaces the signal handler, to forward signals to the command of --run. */
  handleSignals(handler: (signal: NodeJS.Signals) => void): void {
    this.#signals.handler = handler;
  }

  /**
   * Call it when the server stops. The first signal then only starts the signal watchdog, which also ends a
   * process that a plugin keeps busy. Each further signal calls `cutShort`.
   */
  stopping(cutShort: (signal: NodeJS.Signals) => void): void {
    this.#signals.handler = (signal) => (this.#wasSignalled ? cutShort(signal) : this.noteSignal(signal));
    if (this.#isStopping) return;
    this.#isStopping = true;
    void this.signalled.then(() => {
      this.#signals.watchdogSeconds = busySecondsMax;
      this.#signals.resetWatchdog();
      setInterval(() => this.#signals.resetWatchdog(), beatMs).unref();
    });
  }
}

export function isSignal(reason: QuitReason): reason is NodeJS.Signals {
  return reason in constants.signals;
}
