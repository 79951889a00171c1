const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Installs handlers for SIGINT, SIGTERM and SIGHUP that call `report` and then end the process. Without this
 * call, the kernel ends the process silently. The handlers do not wait for servers, disks or pending writes.
 */
export function reportWhenInterrupted(report: (signal: NodeJS.Signals) => void): void {
  for (const signal of signals) {
    process.once(signal, () => {
      report(signal);
      dieOf(signal);
    });
  }
}

/**
 * Ends the process by a signal, so that the parent process sees the signal as the reason (exit status 128+N).
 */
export function dieOf(signal: NodeJS.Signals): void {
  // Node.js handles or ignores some signals itself. Removing a handler restores the default action of the
  // signal.
  process.on(signal, () => {});
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
