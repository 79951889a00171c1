import { printable, printableStack } from "./printable.ts";
import { withoutSecrets } from "./secrets.ts";

/**
 * A message as logs and terminals get it: one line in which nothing of a client, a server or a user can pretend to be
 * another line or a command to the terminal, and no password of a URI. Call it once, where the text leaves the process.
 */
export function logText(message: string): string {
  return printable(withoutSecrets(message));
}

/** The same, where the stack of an error may follow the message. */
export function debugText(message: string): string {
  return printableStack(withoutSecrets(message));
}
