import { NbdError } from "../core/errors.ts";
import { stringBytesMax } from "./constants.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a string from the peer: UTF-8 of at most 4096 bytes, without NUL (doc/proto.md, "Value conventions").
 * @throws NbdError EINVAL
 */
export function readString(bytes: Buffer, what: string): string {
  if (bytes.length > stringBytesMax) {
    throw new NbdError("EINVAL", `${what} of ${bytes.length} bytes is longer than ${stringBytesMax}`);
  }
  if (bytes.includes(0)) throw new NbdError("EINVAL", `${what} contains a NUL byte`);
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new NbdError("EINVAL", `${what} is not UTF-8`, { cause: error, retold: true });
  }
}

/**
 * Encodes an error message for the user of the peer: UTF-8 of at most 4096 bytes, truncated between
 * characters.
 */
export function errorText(message: string): Buffer {
  const text = Buffer.from(message);
  if (text.length <= stringBytesMax) return text;
  let end = stringBytesMax;
  while ((text.readUInt8(end) & 0xc0) === 0x80) end--;
  return text.subarray(0, end);
}
