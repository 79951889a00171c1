import { constants } from "node:os";
import { native } from "../native/load.ts";
import { killDescendants } from "../processes/tree.ts";
import { stallMs } from "./stall.ts";

/**
 * Signals that end a server in order (nbdkit-service(1)). SIGHUP is among them, so that sockets and files are
 * removed.
 */
export const quitSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];

/**
 * Within this time in ms, several signals count as one: one may come to the process group and one to its
 * leader.
 */
const burstMs = 1000;

/**
 * The signal watchdog kills the process when a plugin has blocked JavaScript for this time after a signal.
 * Whole seconds, as in alarm(2).
 */
export const busySecondsMax: number = Math.ceil(stallMs / 1000);

/**
 * The quit signals of this process. They are caught before the process makes anything that it has to remove.
 *
 * The process's `exit` event removes files and sockets, and every quit signal leads to that event. While the
 * chain is loaded and configured, a signal ends the process at once ({@link endBy}); later {@link Quit} sets
 * the handler. JavaScript handles signals only between event-loop callbacks, so a callback that makes a file
 * and registers its removal is never interrupted. The signal watchdog (in the addon) kills a process whose
 * JavaScript does not respond to a signal.
 */
export class Signals {
  /** The current signal handler. */
  handler: (signal: NodeJS.Signals) => void = endBy;
  /**
   * Timeout in seconds of the signal watchdog: {@link resetWatchdog} must be called again within it; 0 for no
   * limit.
   */
  watchdogSeconds = 0;

  /** @param hangup handler of SIGHUP, when SIGHUP is no quit signal */
  constructor(hangup?: () => void) {
    // Without a handler, Node would open its debugger; this signal ends other programs, nbdkit included.
    process.on("SIGUSR1", endBy);
    if (hangup !== undefined) process.on("SIGHUP", hangup);
    const asking = quitSignals.filter((signal) => signal !== "SIGHUP" || hangup === undefined);
    let last = Number.NEGATIVE_INFINITY;
    for (const signal of asking) {
      process.on(signal, () => {
        this.resetWatchdog();
        const now = performance.now();
        if (now - last < burstMs) return;
        last = now;
        this.handler(signal);
      });
    }
    // Load the addon after the handlers are set, because loading it may make a file
    // (src/installation/single-file.ts).
    for (const signal of asking) native().armWatchdog(constants.signals[signal], busySecondsMax);
  }

  /** Shows the signal watchdog that JavaScript runs. */
  resetWatchdog(): void {
    native().resetWatchdog(this.watchdogSeconds);
  }
}

/**
 * Ends this process with the signal's default action, after the `exit` listeners have removed files and
 * sockets.
 */
export function endBy(signal: NodeJS.Signals): never {
  killDescendants();
  // The last "exit" listener: all others have removed their files by then.
  process.once("exit", () => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  process.exit(statusOfSignal(signal));
}

/** The exit status that a shell reports for a process that the signal ended. */
export function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
