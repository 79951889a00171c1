import { type BigIntStats, lstatSync, unlinkSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import { native } from "./load.ts";

/**
 * The file of a Unix socket that this process has bound. It is identified by device and inode, not by path,
 * because another program may replace the file while the server runs.
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
   * Removes the file, unless another file has replaced it. Call it before the socket is closed: the kernel
   * may reuse the inode number for another file afterwards.
   */
  remove(): void {
    if (!isSameFile(this.#bound, socketAt(this.#path))) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      // ENOENT: another process has removed it. EACCES, EPERM: -u took the right away; the next server
      // removes it.
      if (!["ENOENT", "EACCES", "EPERM"].includes(codeOf(error))) throw error;
    }
  }
}

/**
 * Removes the stale socket of a killed server, which would keep the next server from listening on the path. A
 * socket that a server listens on stays, and so does any other file. Call it right before binding.
 */
export function removeStaleSocket(path: string): void {
  const found = socketAt(path);
  if (found === undefined || !isAbandoned(path)) return;
  const now = socketAt(path);
  // Another server may listen there by now. A new file may have the inode number of a removed one, but not
  // its ctime too.
  if (isSameFile(found, now) && found.ctimeNs === now?.ctimeNs) unlinkSync(path);
}

function socketAt(path: string): BigIntStats | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isSocket() ? stats : undefined;
  } catch {
    // Usually there is no file. Binding reports any other problem with the path.
    return undefined;
  }
}

/**
 * Tests a socket with a datagram. A running server does not see it, because the kernel refuses it for a
 * stream socket (EPROTOTYPE). A connection would count as a client, and could end a server that serves only
 * one.
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
