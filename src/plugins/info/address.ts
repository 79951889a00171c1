import type { Peer } from "../../contract/plugin.ts";

/**
 * Formats a client's address. A Unix socket is "unix", without its path. An unknown address is an empty text.
 */
export function addressText(peer: Peer | undefined): string {
  if (peer?.family === "unix") return "unix";
  if (peer?.address === undefined) return "";
  const { address, port } = peer;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
