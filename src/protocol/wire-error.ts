import { WireError } from "./constants.ts";

/** Maps errno names that NBD does not have to the nearest name that it has (nbdkit-protocol(1)). */
const translated: Readonly<Record<string, keyof typeof WireError>> = {
  EROFS: "EPERM",
  EACCES: "EPERM",
  EDQUOT: "ENOSPC",
  EFBIG: "ENOSPC",
  EOPNOTSUPP: "ENOTSUP",
};

const numbers: Readonly<Record<string, number>> = WireError;

/** Returns the NBD error number of an errno name; EIO when NBD has none. */
export function wireError(code: string): number {
  return numbers[translated[code] ?? code] ?? WireError.EIO;
}

const names = new Map<number, string>(Object.entries(WireError).map(([name, number]) => [number, name]));

/**
 * Returns the errno name of an error number from a server. Numbers outside the specification mean EINVAL, as
 * it requires.
 */
export function wireErrorName(number: number): string {
  return names.get(number) ?? "EINVAL";
}
