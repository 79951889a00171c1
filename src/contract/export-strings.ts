import { NbdError } from "../core/errors.ts";
import type { ExportItem } from "./plugin.ts";

/**
 * The maximum length of names and descriptions in bytes of UTF-8; clients close the connection when a string
 * is longer (doc/proto.md, "Value conventions").
 */
const stringBytesMax = 4096;

/**
 * Checks the names and descriptions of exports.
 *
 * @throws NbdError EIO when a string is longer than NBD allows
 */
export function checkExportStrings(exports: readonly ExportItem[]): readonly ExportItem[] {
  for (const { name, description = "" } of exports) {
    checkString("the name of an export", name);
    checkString(`the description of the export '${name}'`, description);
  }
  return exports;
}

/**
 * Returns the string, if NBD allows its length.
 *
 * @param what name of the string, for the error
 * @throws NbdError EIO when it is too long
 */
export function checkString(what: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= stringBytesMax) return text;
  throw new NbdError("EIO", `${what} has ${bytes} bytes: NBD allows at most ${stringBytesMax}`);
}
