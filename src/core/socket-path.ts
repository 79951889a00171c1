import { NbdError } from "./errors.ts";

/**
 * The longest path that fits `sockaddr_un`, in bytes. Node truncates longer paths and creates a socket of
 * another name.
 */
const socketPathBytesMax: number = process.platform === "linux" ? 107 : 103;

/**
 * Checks that a Unix socket path is short enough.
 *
 * @param option the option that gave the path, for the message
 * @throws NbdError ENAMETOOLONG when the kernel cannot bind the path
 */
export function checkSocketPath(option: string, path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= socketPathBytesMax) return;
  throw new NbdError(
    "ENAMETOOLONG",
    `${option}: path too long: length ${length} > max ${socketPathBytesMax} bytes: ${path}`,
  );
}
