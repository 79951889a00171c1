import { printable, printableStack } from "./printable.ts";
import { withoutSecrets } from "./secrets.ts";

/**
 * Makes a message safe for logs and terminals: one line, without passwords of URIs. Text of a client, a
 * server or a user cannot look like another line, and cannot send commands to the terminal. Call it once,
 * where the text leaves the process.
 */
export function logText(message: string): string {
  return printable(withoutSecrets(message));
}

/** The same for a message that the stack of an error may follow. */
export function debugText(message: string): string {
  return printableStack(withoutSecrets(message));
}
