import { must } from "./assert.ts";
import { NbdError } from "./errors.ts";

/** The maximum size of a disk in bytes: system calls take offsets as signed 64-bit numbers. */
export const sizeMax: bigint = 2n ** 63n - 1n;

const unitBytes: Readonly<Record<string, bigint>> = {
  b: 1n,
  k: 1024n,
  m: 1024n ** 2n,
  g: 1024n ** 3n,
  t: 1024n ** 4n,
  p: 1024n ** 5n,
  e: 1024n ** 6n,
  s: 512n,
};

/** Returns the smaller of two sizes or offsets. */
export function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/**
 * The number of a size, as strtoimax(3) reads it with base 0: 0x begins hexadecimal digits, 0b binary digits,
 * and 0 octal digits. The longest number counts, so the b of `0b` and the 8 of `08` are suffixes.
 */
const number = /^\s*([+-]?)(0x[0-9a-f]+|0b[01]+|0[0-7]*|[1-9]\d*)(.*)$/is;

/**
 * Parses a size as nbdkit_parse_size(3) does: a whole number and at most one of the suffixes b, k, M, G, T, P,
 * E (powers of 1024) or s (512-byte sectors), in either case. The number is decimal, 0x hexadecimal, 0b binary
 * or 0 octal. One `_` may precede the suffix, because b and E are also hexadecimal digits: `0x1_E`.
 *
 * @returns bytes
 * @throws NbdError EINVAL, or EOVERFLOW above 2^63-1
 */
export function parseSize(text: string): bigint {
  const [, sign, digits, suffix] = number.exec(text) ?? [];
  if (digits === undefined || suffix === undefined) {
    throw new NbdError(
      "EINVAL",
      `could not parse size string: ${text}: use a number such as 512, 10M or 0x200`,
    );
  }
  const count = magnitudeOf(digits);
  if (sign === "-" && count > 0n) throw new NbdError("EINVAL", `size cannot be negative: ${text}`);
  if (count > sizeMax)
    throw new NbdError("EOVERFLOW", `size exceeds maximum value: ${text}: use up to 2^63-1`);
  const unit = suffix === "" ? 1n : unitBytes[suffix.replace(/^_/, "").toLowerCase()];
  if (unit === undefined) {
    const octal = digits.startsWith("0") && /^\d/.test(suffix) ? ": a leading 0 means octal" : "";
    throw new NbdError(
      "EINVAL",
      `could not parse size: unknown suffix: ${suffix}: use b, k, M, G, T, P, E or s${octal}`,
    );
  }
  if (count * unit > sizeMax)
    throw new NbdError(
      "EOVERFLOW",
      `could not parse size: size * scale overflows: ${text}: use up to 2^63-1`,
    );
  return count * unit;
}

function magnitudeOf(digits: string): bigint {
  return BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

/** Formats a size exactly, in the largest unit that divides it ("1G", "1025"). */
export function formatSize(bytes: bigint): string {
  for (const unit of ["e", "p", "t", "g", "m", "k"]) {
    const one = must(unitBytes[unit]);
    if (bytes >= one && bytes % one === 0n) return `${bytes / one}${unit.toUpperCase()}`;
  }
  return String(bytes);
}
