import { type BigIntStats, lstatSync, unlinkSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import { native } from "../native/load.ts";

/**
 * Removes the socket that a server left behind when it was killed, which would keep the next one from listening on its
 * path. One that somebody listens on stays, and so does everything that is no socket. Call it right before binding.
 */
export function removeStaleSocket(path: string): void {
  const found = socketAt(path);
  if (found === undefined || !isAbandoned(path)) return;
  // Another server may have come first and listen there now.
  if (isSame(found, socketAt(path))) unlinkSync(path);
}

/** At the end. Whom -u made of us may not always remove what root made: then the next server does, as above. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // ENOENT: somebody has been quicker.
    if (!["ENOENT", "EACCES", "EPERM"].includes(codeOf(error))) throw error;
  }
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

/** The file system may give the number of a removed file to the next one, but not its time as well. */
function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino && one.ctimeNs === other.ctimeNs;
}
