import { stackOf } from "./errors.ts";

/** Where words for people go. What prints them, and whether debug lines are wanted, is the server's choice. */
export interface Log {
  error(message: string): void;
  /** Call it only after looking at `verbose`, so that no text is made for nobody. */
  debug(message: string): void;
  readonly verbose: boolean;
  /** The same log for what one plugin, filter or connection says, where the log tells them apart. */
  named?(subject: string): Log;
}

export const silentLog: Log = { error: () => {}, debug: () => {}, verbose: false };

/** The same log, with a name in front of what is said: `nbdkit: memory[1]: error: ...`. */
export function namedLog(log: Log, subject: string): Log {
  return log.named?.(subject) ?? log;
}

/** Under -v, where an error of a plugin came from. */
export function logStack(log: Log, error: unknown): void {
  const stack = log.verbose ? stackOf(error) : undefined;
  if (stack !== undefined) log.debug(stack);
}
