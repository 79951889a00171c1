import type { Peer } from "../../contract/plugin.ts";

/** Where a client is, as people write it. Paths of sockets are nobody's business; what is not known is empty. */
export function addressText(peer: Peer | undefined): string {
  if (peer?.family === "unix") return "unix";
  if (peer?.address === undefined) return "";
  const { address, port } = peer;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
