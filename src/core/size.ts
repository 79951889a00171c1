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
 * Parses a size as nbdkit's command line accepts it: a whole number and at most one of the suffixes b, k, M,
 * G, T, P, E (powers of 1024) or s (512-byte sectors), in either case.
 *
 * @returns bytes
 * @throws NbdError EINVAL, or EOVERFLOW above 2^63-1
 */
export function parseSize(text: string): bigint {
  const [, digits, suffix] = /^\s*([+-]?\d+)(.*)$/s.exec(text) ?? [];
  if (digits === undefined || suffix === undefined) {
    throw new NbdError(
      "EINVAL",
      `could not parse size string (${text}): use a number such as 512, 10M or 1G`,
    );
  }
  const count = BigInt(digits.replace(/^\+/, ""));
  if (count < 0n) throw new NbdError("EINVAL", `size cannot be negative (${text})`);
  if (count > sizeMax) throw new NbdError("EOVERFLOW", `size (${text}) exceeds maximum value 2^63-1`);
  const unit = suffix === "" ? 1n : unitBytes[suffix.toLowerCase()];
  if (unit === undefined) {
    throw new NbdError(
      "EINVAL",
      `could not parse size: unknown suffix '${suffix}': use b, k, M, G, T, P, E or s`,
    );
  }
  if (count * unit > sizeMax) throw new NbdError("EOVERFLOW", `overflow computing size (${text})`);
  return count * unit;
}

/** Formats a size exactly, in the largest unit that divides it ("1G", "1025"). */
export function formatSize(bytes: bigint): string {
  for (const unit of ["e", "p", "t", "g", "m", "k"]) {
    const one = must(unitBytes[unit]);
    if (bytes >= one && bytes % one === 0n) return `${bytes / one}${unit.toUpperCase()}`;
  }
  return String(bytes);
}
