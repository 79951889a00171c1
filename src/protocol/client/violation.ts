import { messageOf, NbdError } from "../../core/errors.ts";
import { readString } from "../strings.ts";

/**
 * Makes the error for a protocol violation of the server. The connection must be closed, because the rest of
 * the stream cannot be trusted.
 */
export function violation(what: string, options?: ErrorOptions): NbdError {
  return new NbdError("EPROTO", `the server broke the NBD protocol: ${what}`, options);
}

/** Reads a name or description from the server. @throws NbdError EPROTO */
export function serverString(bytes: Buffer, what: string): string {
  try {
    return readString(bytes, what);
  } catch (error) {
    throw violation(messageOf(error), { cause: error });
  }
}

/**
 * Reads an error message from the server. Control characters are removed, because the message may be printed
 * on a terminal.
 */
export function serverText(bytes: Buffer): string {
  return bytes
    .toString("utf8")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]+/gu, " ")
    .trim();
}
