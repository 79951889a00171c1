import { anObject } from "../core/kinds.ts";
import { checkKind } from "../core/shape.ts";
import type { NbdAddress, NbdTarget, TlsParameters } from "./address.ts";
import { checkAddress } from "./option-shapes.ts";

/**
 * Formats an address as an NBD URI. `parseNbdUri` is the inverse.
 * @throws NbdError EINVAL when the argument is not an address
 */
export function formatNbdUri(address: NbdAddress): string {
  checkKind("formatNbdUri: the address", address, anObject);
  checkAddress("formatNbdUri", address);
  return uriOf(address);
}

/** Same as `formatNbdUri`, without the checks: for an address that is already checked. */
export function uriOf({ target, exportName = "", tls }: NbdAddress): string {
  const scheme = `${tls === undefined ? "nbd" : "nbds"}${target.kind === "tcp" ? "" : `+${target.kind}`}`;
  const user = tls?.username === undefined ? "" : `${encodeURIComponent(tls.username)}@`;
  const query = [...(target.kind === "unix" ? [`socket=${encodeText(target.path)}`] : []), ...tlsQuery(tls)];
  const tail = query.length === 0 ? "" : `?${query.join("&")}`;
  return `${scheme}://${user}${formatAuthority(target)}/${encodeText(exportName)}${tail}`;
}

function formatAuthority(target: NbdTarget): string {
  if (target.kind === "unix") return "";
  const host = target.kind === "vsock" ? String(target.cid) : target.host;
  return `${host.includes(":") ? `[${host}]` : encodeURIComponent(host)}:${target.port}`;
}

function tlsQuery(tls: TlsParameters | undefined): string[] {
  const pairs: [string, string | undefined][] = [
    ["tls-type", tls?.type],
    ["tls-hostname", tls?.hostname],
    ["tls-verify-peer", tls?.verifyPeer === undefined ? undefined : tls.verifyPeer ? "1" : "0"],
    ["tls-certificates", tls?.certificates],
    ["tls-psk-file", tls?.pskFile],
  ];
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeText(value)}`]));
}

/** Percent-encodes all but slashes, colons and "@": these need no encoding in the path and the query. */
function encodeText(text: string): string {
  return encodeURIComponent(text).replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%40/g, "@");
}
