import { type BigIntStats, lstatSync, unlinkSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import { native } from "./load.ts";

/**
 * The file of a Unix socket that this process has bound. Another program may remove the file and put its own in the
 * place while the server runs, so the file is known by device and inode, not by its path.
 */
export class SocketFile {
  readonly #path: string;
  readonly #bound: BigIntStats | undefined;

  /** @param path absolute; call it right after binding */
  constructor(path: string) {
    this.#path = path;
    this.#bound = socketAt(path);
  }

  /**
   * Removes the file unless another one has taken its place. Call it before the socket is closed: only as long as the
   * socket is open, the kernel gives its inode number to no other file.
   */
  remove(): void {
    if (!isSameFile(this.#bound, socketAt(this.#path))) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      // ENOENT: another process has removed it since. The other two: -u took the right away; the next server removes it.
      if (!["ENOENT", "EACCES", "EPERM"].includes(codeOf(error))) throw error;
    }
  }
}

/**
 * Removes the socket that a server left behind when it was killed, which would keep the next one from listening on its
 * path. One that a server listens on stays, and so does everything that is no socket. Call it right before binding.
 */
export function removeStaleSocket(path: string): void {
  const found = socketAt(path);
  if (found === undefined || !isAbandoned(path)) return;
  const now = socketAt(path);
  // Another server may have come first and listen there now. A file may get the inode number of a removed one, but not
  // its time as well.
  if (isSameFile(found, now) && found.ctimeNs === now?.ctimeNs) unlinkSync(path);
}

function socketAt(path: string): BigIntStats | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isSocket() ? stats : undefined;
  } catch {
    // Most often there is nothing. What else is wrong with the path, binding will tell.
    return undefined;
  }
}

/**
 * Asked with a datagram, which a server that lives never gets to see: the system says that its socket is of another
 * type (EPROTOTYPE). A connection would be a client to it, and perhaps the last one that it waits for.
 */
function isAbandoned(path: string): boolean {
  try {
    native().sendDatagram(path, new Uint8Array(0));
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED";
  }
}

function isSameFile(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}
