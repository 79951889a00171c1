import { NbdError } from "./errors.ts";

/** Longest path that fits `sockaddr_un`, in bytes. Node cuts longer ones off, and makes a socket of another name. */
const socketPathBytesMax: number = process.platform === "linux" ? 107 : 103;

/**
 * @param option says whose path it is
 * @throws NbdError ENAMETOOLONG when nobody can listen there
 */
export function checkSocketPath(option: string, path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= socketPathBytesMax) return;
  throw new NbdError(
    "ENAMETOOLONG",
    `${option}: path too long: length ${length} > max ${socketPathBytesMax} bytes: ${path}`,
  );
}
