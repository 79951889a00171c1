import { messageOf, NbdError } from "../../core/errors.ts";
import { readString } from "../strings.ts";

/** The server broke the protocol: nothing that it says can be trusted any more, so the connection ends. */
export function violation(what: string, options?: ErrorOptions): NbdError {
  return new NbdError("EPROTO", `the server broke the NBD protocol: ${what}`, options);
}

/** A name or description from the server. @throws NbdError EPROTO */
export function serverString(bytes: Buffer, what: string): string {
  try {
    return readString(bytes, what);
  } catch (error) {
    throw violation(messageOf(error), { cause: error });
  }
}

/** A text for people, as far as it can be read: no control characters, since it ends up on a terminal. */
export function serverText(bytes: Buffer): string {
  return bytes
    .toString("utf8")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]+/gu, " ")
    .trim();
}
