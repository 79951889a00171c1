const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Has SIGINT, SIGTERM and SIGHUP call `report` and then end the process. Without this call the system ends it, silently.
 * The process waits for nothing first: not for a server, not for a disk, and not for what it is writing.
 */
export function reportWhenInterrupted(report: (signal: NodeJS.Signals) => void): void {
  for (const signal of signals) {
    process.once(signal, () => {
      report(signal);
      dieOf(signal);
    });
  }
}

/** Ends the process by a signal, so that its parent process sees 128+N as for any program that the signal ended. */
export function dieOf(signal: NodeJS.Signals): void {
  // Node.js handles or ignores some signals itself: taking a handler away gives the signal its default action back.
  process.on(signal, () => {});
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
