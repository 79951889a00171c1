import { constants } from "node:os";
import { native } from "../native/load.ts";
import { killDescendants } from "../processes/tree.ts";

/** Signals that end a server in order (nbdkit-service(1)); SIGHUP too, so that nothing of ours is left behind. */
export const quitSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];

/** A signal to a process group and one to its leader reach this process as two, and mean one thing. */
const burstMs = 1000;

/** A plugin that has kept the process busy for so long, so that no JavaScript runs for a signal, is not going to stop. */
export const unheardSecondsMax = 5;

/**
 * The signals that ask this process to end, caught before the process makes anything that it has to remove again.
 *
 * What has to be removed is removed in the process's `exit` event, and every signal leads to that event. While the chain
 * gets ready, a signal ends the process at once ({@link endBy}); later {@link Quit} says what it means.
 * JavaScript runs for a signal only between two steps, so what one step makes and registers is never half made.
 */
export class Signals {
  /** What a signal means now. */
  handler: (signal: NodeJS.Signals) => void = endBy;
  /** JavaScript calls {@link heard} again within this time after a signal, or the process ends; 0 for no limit. Seconds. */
  patienceSeconds = 0;

  /** @param hangup what SIGHUP means, if it does not ask to end */
  constructor(hangup?: () => void) {
    // Node would open a debugger; other programs, as nbdkit, are ended by this signal.
    process.on("SIGUSR1", endBy);
    if (hangup !== undefined) process.on("SIGHUP", hangup);
    const asking = quitSignals.filter((signal) => signal !== "SIGHUP" || hangup === undefined);
    let last = Number.NEGATIVE_INFINITY;
    for (const signal of asking) {
      process.on(signal, () => {
        this.heard();
        const now = performance.now();
        if (now - last < burstMs) return;
        last = now;
        this.handler(signal);
      });
    }
    // Afterwards, because loading the addon may make a file (src/installation/single-file.ts).
    for (const signal of asking) native().endUnlessHeard(constants.signals[signal], unheardSecondsMax);
  }

  /** JavaScript runs, and is not kept busy by a plugin. */
  heard(): void {
    native().signalHeard(this.patienceSeconds);
  }
}

/** Ends this process as the signal ends a program without a handler for it, but removes first what was made. */
export function endBy(signal: NodeJS.Signals): never {
  killDescendants();
  // The last listener, so that all others have removed what is theirs.
  process.once("exit", () => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  process.exit(statusOfSignal(signal));
}

/** The exit status of a process that the signal ended, as a shell has it. */
export function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
