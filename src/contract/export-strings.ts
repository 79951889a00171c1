import { NbdError } from "../core/errors.ts";
import type { ExportItem } from "./plugin.ts";

/** doc/proto.md, "Value conventions": clients break off where a name or a description is longer; bytes of UTF-8. */
const stringBytesMax = 4096;

/** @throws NbdError EIO for a list that no client would take */
export function checkExportStrings(exports: readonly ExportItem[]): readonly ExportItem[] {
  for (const { name, description = "" } of exports) {
    checkString("the name of an export", name);
    checkString(`the description of the export '${name}'`, description);
  }
  return exports;
}

/** @throws NbdError EIO */
export function checkString(what: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= stringBytesMax) return text;
  throw new NbdError("EIO", `${what} has ${bytes} bytes: NBD allows at most ${stringBytesMax}`);
}
