import { NbdError } from "../../core/errors.ts";
import { sizeMax } from "../../core/size.ts";

/**
 * Parses a decimal, hexadecimal (0x) or octal (0) number.
 * @throws NbdError EINVAL
 */
export function parseNumber(digits: string, max: bigint = sizeMax): bigint {
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    throw new NbdError("EINVAL", `data parameter: ${digits} is no number: a leading 0 means octal`);
  }
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value <= max) return value;
  throw new NbdError("EINVAL", `data parameter: ${digits} is too large: use a number up to ${max}`);
}

export function parseByte(digits: string): number {
  const value = parseNumber(digits);
  if (value <= 255n) return Number(value);
  throw new NbdError("EINVAL", `data parameter BYTE must be in the range 0..255, and is ${digits}`);
}

/** @param order "le" or "be" */
export function wordBytes(order: string, bits: number, digits: string): Uint8Array {
  if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(digits)) {
    throw new NbdError("EINVAL", `data: could not parse number: "${digits}"`);
  }
  let rest = parseNumber(digits, 2n ** BigInt(bits) - 1n);
  const bytes = new Uint8Array(bits / 8);
  for (let at = 0; at < bytes.length; at++, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return order === "le" ? bytes : bytes.reverse();
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The inside of a "STRING": text as UTF-8, with escapes as in C. */
export function stringBytes(inside: string): Uint8Array {
  const parts = inside.split(/\\(x[\s\S]{0,2}|[\s\S])/);
  // The parts at odd indices are escape codes, the text after a backslash.
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : escapedBytes(part))),
  );
}

function escapedBytes(code: string): Buffer {
  if (/^x[0-9a-fA-F]{2}$/.test(code)) return Buffer.from(code.slice(1), "hex");
  if (code.startsWith("x")) {
    throw new NbdError("EINVAL", "data: \\xNN must be followed by exactly two hexadecimal characters");
  }
  if (/^[0-9u]/.test(code)) {
    throw new NbdError("EINVAL", `data: \\${code} in a string is not supported: use \\xNN`);
  }
  return Buffer.from(escapes[code] ?? code);
}
