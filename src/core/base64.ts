import { NbdError } from "./errors.ts";

/**
 * Decodes standard base64, which may contain white space. `Buffer.from` is not strict enough: it skips
 * unknown characters.
 *
 * @throws NbdError EINVAL for invalid base64
 */
export function parseBase64(text: string): Buffer {
  const compact = text.replace(/\s+/g, "");
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
    return Buffer.from(compact, "base64");
  }
  throw new NbdError(
    "EINVAL",
    "base64: Base64 decoding error: use A-Z, a-z, 0-9, + and /, and = to fill up the last group of four",
  );
}
