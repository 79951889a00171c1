import { native } from "../native/load.ts";
import type { TransportPeer } from "./transport.ts";

/** Returns the credentials of the peer of a Unix socket, as far as the system reports them. */
export function unixPeer(fd: number): TransportPeer {
  try {
    return { family: "unix", ...native().peerCredentials(fd) };
  } catch {
    // Filters that check the credentials refuse a client without them.
    return { family: "unix" };
  }
}
