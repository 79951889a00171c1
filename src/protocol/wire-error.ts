import { WireError } from "./constants.ts";

/** errno names that NBD does not know, under the nearest name that it does (nbdkit-protocol(1)). */
const translated: Readonly<Record<string, keyof typeof WireError>> = {
  EROFS: "EPERM",
  EACCES: "EPERM",
  EDQUOT: "ENOSPC",
  EFBIG: "ENOSPC",
  EOPNOTSUPP: "ENOTSUP",
};

/** The number that tells a client about this errno; those that NBD has no number for are EIO. */
export function wireError(code: string): number {
  return WireError[(translated[code] ?? code) as keyof typeof WireError] ?? WireError.EIO;
}

const names = new Map<number, string>(Object.entries(WireError).map(([name, number]) => [number, name]));

/** The errno name of an error number from a server; numbers outside the specification mean EINVAL, as it says. */
export function wireErrorName(number: number): string {
  return names.get(number) ?? "EINVAL";
}
