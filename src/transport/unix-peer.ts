import { native } from "../native/load.ts";
import type { Peer } from "./transport.ts";

/** Who is at the other end of a Unix socket, as far as the system tells. */
export function unixPeer(fd: number): Peer {
  try {
    return { family: "unix", ...native().peerCredentials(fd) };
  } catch {
    // What needs to know who a client is lets none in then.
    return { family: "unix" };
  }
}
