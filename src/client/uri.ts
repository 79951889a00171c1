import { NbdError, type NbdErrorOptions } from "../core/errors.ts";
import { aString } from "../core/kinds.ts";
import { withoutSecrets } from "../core/secrets.ts";
import { checkKind } from "../core/shape.ts";
import { defaultPort, type NbdAddress, type NbdTarget, type TlsParameters } from "./address.ts";

/** The regular expression of RFC 3986, appendix B, with a mandatory scheme. */
const parts = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/is;

const schemes: Readonly<Record<string, { kind: NbdTarget["kind"]; tls: boolean }>> = {
  nbd: { kind: "tcp", tls: false },
  nbds: { kind: "tcp", tls: true },
  "nbd+unix": { kind: "unix", tls: false },
  "nbds+unix": { kind: "unix", tls: true },
  "nbd+vsock": { kind: "vsock", tls: false },
  "nbds+vsock": { kind: "vsock", tls: true },
};

/**
 * Returns whether a text has the scheme of an NBD URI, as opposed to a file name. The rest is not checked.
 * @throws NbdError EINVAL when the argument is not a string
 */
export function isNbdUri(text: string): boolean {
  checkKind("isNbdUri: the text", text, aString);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  return scheme !== undefined && scheme in schemes;
}

/**
 * Parses an NBD URI (doc/uri.md). Unknown query parameters are ignored.
 * @throws NbdError EINVAL; the message names the part that is wrong
 */
export function parseNbdUri(uri: string): NbdAddress {
  checkKind("parseNbdUri: the URI", uri, aString);
  const [, scheme = "", authority = "", path = "", query = ""] = parts.exec(uri) ?? [];
  const meaning = schemes[scheme.toLowerCase()];
  if (meaning === undefined) {
    const known = Object.keys(schemes).join(", ");
    throw new NbdError(
      "EINVAL",
      `NBD URI "${withoutSecrets(uri)}": ${scheme === "" ? "no" : `unknown`} scheme: use one of ${known}`,
    );
  }
  const parameters = parseQuery(uri, query);
  const { username, host, port } = parseAuthority(uri, authority);
  const exportName = decode(uri, "export name", path.replace(/^\//, ""));
  if (exportName.includes("\0")) throw wrong(uri, "export name", "contains a NUL character");
  const target = parseTarget(uri, meaning.kind, host, port, parameters);
  return { target, exportName, ...(meaning.tls && { tls: parseTls(uri, parameters, username) }) };
}

function parseAuthority(uri: string, authority: string): { username?: string; host: string; port?: number } {
  const [, user, literal, name = "", portText] =
    /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(authority) ?? [];
  if (
    name === "" &&
    literal === undefined &&
    authority !== "" &&
    user === undefined &&
    portText === undefined
  ) {
    throw wrong(
      uri,
      "host",
      `"${authority.replace(/^.*@/s, "")}" is neither a name, an address nor an IPv6 address in brackets`,
    );
  }
  const host = literal ?? decode(uri, "host", name);
  return {
    host,
    ...(user !== undefined && { username: decode(uri, userName, user) }),
    ...(portText !== undefined && portText !== "" && { port: parseNumber(uri, "port", portText, 1, host) }),
  };
}

function parseTarget(
  uri: string,
  kind: NbdTarget["kind"],
  host: string,
  port: number | undefined,
  parameters: ReadonlyMap<string, string>,
): NbdTarget {
  if (kind === "unix") {
    const path = parameters.get("socket");
    if (path === undefined || path === "") throw wrong(uri, "query", "the parameter socket=PATH is missing");
    return { kind, path };
  }
  if (kind === "tcp") return { kind, host: host === "" ? "localhost" : host, port: port ?? defaultPort };
  // CID 2 is the host of the virtual machine (VMADDR_CID_HOST).
  return {
    kind,
    cid: host === "" ? 2 : parseNumber(uri, "vsock number", host, 0, host),
    port: port ?? defaultPort,
  };
}

function parseNumber(uri: string, part: string, text: string, min: number, host: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  // A vsock port or CID has 32 bits, a TCP port has 16.
  const max = /^nbds?\+vsock:/i.test(uri) ? 0xffff_ffff : 65_535;
  if (value >= min && value <= max) return value;
  throw wrong(uri, part, `"${text}" (host "${host}") is not a number from ${min} to ${max}`);
}

function parseQuery(uri: string, query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const name = decode(uri, "query", key);
    // The first of several values counts.
    if (name !== "" && !parameters.has(name))
      parameters.set(name, decode(uri, `query parameter ${name}`, value));
  }
  return parameters;
}

function parseTls(
  uri: string,
  parameters: ReadonlyMap<string, string>,
  username: string | undefined,
): TlsParameters {
  const type = parameters.get("tls-type");
  if (type !== undefined && type !== "anon" && type !== "x509" && type !== "psk") {
    throw wrong(uri, "query parameter tls-type", `"${type}" is none of anon, x509, psk`);
  }
  const verify = parameters.get("tls-verify-peer");
  if (verify !== undefined && !/^(0|1|true|false)$/i.test(verify)) {
    throw wrong(uri, "query parameter tls-verify-peer", `"${verify}" is neither 0 nor 1`);
  }
  const hostname = parameters.get("tls-hostname");
  const certificates = parameters.get("tls-certificates");
  const pskFile = parameters.get("tls-psk-file");
  return {
    ...(type !== undefined && { type }),
    ...(hostname !== undefined && { hostname }),
    ...(verify !== undefined && { verifyPeer: /^(1|true)$/i.test(verify) }),
    ...(certificates !== undefined && { certificates }),
    ...(pskFile !== undefined && { pskFile }),
    ...(username !== undefined && { username }),
  };
}

/** The part of the URI that may contain a password. */
const userName = "user name";

/** Percent-decodes a part. "+" stays "+": only web forms encode a space as "+". */
function decode(uri: string, part: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    const shown = part === userName ? text.replace(/:.*$/s, ":***") : text;
    throw wrong(uri, part, `"${shown}" is not percent-encoded UTF-8`, { cause: error, retold: true });
  }
}

function wrong(uri: string, part: string, reason: string, options?: NbdErrorOptions): NbdError {
  return new NbdError("EINVAL", `NBD URI "${withoutSecrets(uri)}": ${part}: ${reason}`, options);
}
