import { stackOf } from "./errors.ts";

/**
 * The log of a server. The server decides where lines are printed, and whether debug lines are printed at
 * all.
 */
export interface Log {
  /** Logs an error. */
  error(message: string): void;
  /** Logs a debug line. Check `verbose` before you build the text, so that no text is built in vain. */
  debug(message: string): void;
  /** Debug lines are printed (-v). */
  readonly verbose: boolean;
  /** Returns a log for the messages of one plugin, filter or connection, where the log distinguishes them. */
  named?(subject: string): Log;
}

export const silentLog: Log = { error: () => {}, debug: () => {}, verbose: false };

/** Returns the log with a name before each message: `nbdkit: memory[1]: error: ...`. */
export function namedLog(log: Log, subject: string): Log {
  return log.named?.(subject) ?? log;
}

/** Logs the stack of an error under -v. */
export function logStack(log: Log, error: unknown): void {
  const stack = log.verbose ? stackOf(error) : undefined;
  if (stack !== undefined) log.debug(stack);
}
