import { BlockList, isIP } from "node:net";
import type { Peer } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import { parseInteger } from "../../core/values.ts";

/** Whether a client matches; undefined when the system does not provide what the rule asks for. */
export type Match = boolean | undefined;

/** The bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2). */
const mappedBits = 96;

/**
 * Parses an IPv4 or IPv6 address, or a range: "10.0.0.0/8". An IPv4-mapped range (::ffff:10.0.0.0/104) is
 * the IPv4 range.
 * @throws NbdError EINVAL
 */
export function addressRule(text: string, key: string): (peer: Peer | undefined) => Match {
  const [given = "", prefix, ...rest] = text.split("/");
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(given)] ?? 0;
  // An address with an interface name (fe80::1%eth0) is refused: BlockList has no zones.
  if (bits === 0 || rest.length > 0 || given.includes("%")) {
    throw new NbdError(
      "EINVAL",
      `don't know how to parse rule: ${key}=${text}: use an address, a range ADDRESS/BITS, loopback, any, anyipv4, ` +
        "anyipv6, anyunix, pid:N, uid:N, gid:N, dn:NAME, issuer-dn:NAME or security:LABEL",
    );
  }
  const length = prefix === undefined ? bits : parseInteger(`${key}=${text}`, prefix, 0, bits);
  const mapped = length >= mappedBits ? mappedAddress(given) : undefined;
  return mapped === undefined ? rangeOf(given, length) : rangeOf(mapped, length - mappedBits);
}

function rangeOf(address: string, length: number): (peer: Peer | undefined) => Match {
  const family = familyOf(address);
  const range = new BlockList();
  range.addSubnet(address, length, family);
  return (peer) => addressesOf(peer)?.some((from) => familyOf(from) === family && range.check(from, family));
}

/**
 * The source addresses of a client: none over a Unix socket, undefined when the system does not provide
 * them. On a dual-stack socket, which a superserver may have opened, an IPv4 client has an IPv4-mapped
 * address and an IPv4 one.
 */
export function addressesOf(peer: Peer | undefined): readonly string[] | undefined {
  if (peer === undefined || peer.family === "stdio") return undefined;
  if (peer.family !== "tcp") return [];
  if (peer.address === undefined) return undefined;
  const [address = ""] = peer.address.split("%");
  const mapped = mappedAddress(address);
  return mapped === undefined ? [address] : [mapped, address];
}

/** The IPv4 address in an IPv4-mapped IPv6 address, in any notation; undefined for other addresses. */
function mappedAddress(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const [, high, low] =
    /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(new URL(`tcp://[${address}]`).hostname) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bytes = Buffer.from(high.padStart(4, "0") + low.padStart(4, "0"), "hex");
  return bytes.join(".");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
