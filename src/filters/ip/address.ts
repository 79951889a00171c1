import { BlockList, isIP } from "node:net";
import type { Peer } from "../../backend/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import { parseInteger } from "../../core/values.ts";

/**
 * An IPv4 or IPv6 address, or a range of them: "10.0.0.0/8".
 * @throws NbdError EINVAL
 */
export function addressRule(text: string, key: string): (peer: Peer | undefined) => boolean {
  const [address, prefix, ...rest] = text.split("/");
  const version = isIP(address!);
  // An address with the name of an interface is no range.
  if (version === 0 || rest.length > 0 || address!.includes("%")) {
    throw new NbdError(
      "EINVAL",
      `don't know how to parse rule: ${key}=${text}: use an address, a range ADDRESS/BITS, any, anyipv4, anyipv6, ` +
        "anyunix, pid:N, uid:N, gid:N, dn:NAME, issuer-dn:NAME or security:LABEL",
    );
  }
  const bits = version === 4 ? 32 : 128;
  const range = new BlockList();
  const length = prefix === undefined ? bits : parseInteger(`${key}=${text}`, prefix, 0, bits);
  range.addSubnet(address!, length, version === 4 ? "ipv4" : "ipv6");
  return (peer) => {
    const from = addressOf(peer);
    return isIP(from) === version && range.check(from, version === 4 ? "ipv4" : "ipv6");
  };
}

/** Where a client connects from; empty where that is no IP address. */
export function addressOf(peer: Peer | undefined): string {
  if (peer?.family !== "tcp" || peer.address === undefined) return "";
  // On a socket for both families, which a superserver may have opened, IPv4 clients have such addresses.
  const [, ipv4] = /^::ffff:([\d.]+)$/i.exec(peer.address) ?? [];
  return ipv4 ?? peer.address.split("%")[0]!;
}
