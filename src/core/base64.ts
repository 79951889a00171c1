import { NbdError } from "./errors.ts";

/**
 * Bytes from standard base64, which may be broken by white space. Node itself would skip whatever it does not know.
 * @throws NbdError EINVAL
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
