const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs an action that a signal aborts. Once the action has cleaned up, the process ends by that signal, as whoever
 * sent it expects. A second signal does not wait for the cleaning.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const disarm = (): void => {
    for (const signal of signals) process.off(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    caught = signal;
    // The second one finds the default action again.
    disarm();
    controller.abort(new Error(`interrupted by ${signal}`));
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await action(controller.signal);
  } finally {
    disarm();
    if (caught !== undefined) process.kill(process.pid, caught);
  }
}
