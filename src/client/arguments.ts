import { NbdError } from "../core/errors.ts";
import { aBuffer, aWhole, either, type Kind } from "../core/kinds.ts";
import { checkKind } from "../core/shape.ts";

/** The second argument of `read`: a length in bytes, or a buffer to read into. */
export const aLengthOrBuffer: Kind = either(aWhole, aBuffer);

const aRangeNumber: Kind = {
  name: "a bigint or a whole number",
  accepts: (value) => typeof value === "bigint" || aWhole.accepts(value),
};

/**
 * Converts an offset or a length in bytes to a bigint.
 * @param what names the argument in the error message
 * @throws NbdError EINVAL when the value is not a whole number
 */
export function bytesOf(what: string, value: bigint | number): bigint {
  checkKind(what, value, aRangeNumber);
  return BigInt(value);
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function contextNotNegotiated(name: string, negotiated: readonly string[]): NbdError {
  const known = negotiated.join(", ") || "none";
  return new NbdError("ENOTSUP", `the metadata context "${name}" was not negotiated (only: ${known})`);
}
