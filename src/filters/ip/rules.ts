import { isIPv4 } from "node:net";
import type { Client, Peer } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import { parseInteger } from "../../core/values.ts";
import { addressesOf, addressRule, type Match } from "./address.ts";
import { wildcard } from "./wildcard.ts";

/** One condition on a client (nbdkit-ip-filter(1), "RULES"). */
export interface Rule {
  readonly text: string;
  matches(client: Client): Match;
  /** The rule asks for the client's certificate. */
  readonly needsTls: boolean;
}

/**
 * Parses rules that are separated by commas. A trailing comma and an empty list are allowed. A text that begins
 * with dn: or issuer-dn: is one rule, since names contain commas.
 * @param key parameter name for error messages
 * @throws NbdError EINVAL
 */
export function parseRules(text: string, key: string): readonly Rule[] {
  if (text === "") return [];
  if (/^(issuer-)?dn:/i.test(text)) return [parseRule(text, key)];
  return text
    .replace(/,$/, "")
    .split(",")
    .map((rule) => {
      if (rule === "") throw new NbdError("EINVAL", `${key}: empty entry in rule list`);
      return parseRule(rule, key);
    });
}

function parseRule(text: string, key: string): Rule {
  const word = canonicalWord(text);
  const family = families[word];
  if (family !== undefined) return { text: word, needsTls: false, matches: ({ peer }) => family(peer) };
  const [, kind, value = ""] = /^([a-z-]+):(.*)$/is.exec(text) ?? [];
  const known = kind === undefined ? undefined : kinds[kind.toLowerCase()];
  if (known !== undefined) return { text, needsTls: known.needsTls ?? false, matches: known.parse(value) };
  const isAt = addressRule(text, key);
  return { text, needsTls: false, matches: ({ peer }) => isAt(peer) };
}

/** all is any, allunix is anyunix; loopbackipv4 and loopback4 are loopbackv4. */
function canonicalWord(text: string): string {
  return text
    .toLowerCase()
    .replace(/^all/, "any")
    .replace(/^loopback(?:ipv|v)?(?=[46]$)/, "loopbackv");
}

const loopback4 = addressRule("127.0.0.0/8", "loopback");
const loopback6 = addressRule("::1", "loopback");

const families: Readonly<Record<string, (peer: Peer | undefined) => Match>> = {
  any: () => true,
  anyipv4: (peer) => addressesOf(peer)?.some(isIPv4),
  // An IPv4 client of a dual-stack socket is not an IPv6 client.
  anyipv6: (peer) => isFamily(peer, "tcp") && addressesOf(peer)?.every((address) => !isIPv4(address)),
  anyunix: (peer) => isFamily(peer, "unix"),
  anyvsock: (peer) => isFamily(peer, "vsock"),
  loopback: (peer) => loopback4(peer) || loopback6(peer),
  loopbackv4: loopback4,
  loopbackv6: loopback6,
};

/** Undefined for a client over pipes, because its family is unknown. */
function isFamily(peer: Peer | undefined, family: Peer["family"]): Match {
  return peer === undefined || peer.family === "stdio" ? undefined : peer.family === family;
}

interface Kind {
  readonly needsTls?: boolean;
  parse(value: string): Rule["matches"];
}

/** The largest user, group and process ID, and the largest vsock port. */
const idMax = 2 ** 32 - 1;

const kinds: Readonly<Record<string, Kind>> = {
  pid: idKind("unix", "pid", 1, ({ pid }) => pid),
  uid: idKind("unix", "uid", 0, ({ uid }) => uid),
  gid: idKind("unix", "gid", 0, ({ gid }) => gid),
  "vsock-cid": idKind("vsock", "vsock-cid", 0, ({ address }) =>
    address === undefined ? undefined : Number(address),
  ),
  "vsock-port": idKind("vsock", "vsock-port", 0, ({ port }) => port),
  security: {
    // Without SELinux no client has a label.
    parse:
      (value) =>
      ({ peer }) =>
        isFamily(peer, "unix") && peer?.securityContext === value,
  },
  dn: nameKind(({ tlsDn }) => tlsDn),
  "issuer-dn": nameKind(({ tlsIssuerDn }) => tlsIssuerDn),
};

function idKind(
  family: Peer["family"],
  name: string,
  min: number,
  idOf: (peer: Peer) => number | undefined,
): Kind {
  return {
    parse(value) {
      const wanted = parseInteger(name, value, min, idMax);
      return ({ peer }) => {
        const isCandidate = isFamily(peer, family);
        if (peer === undefined || isCandidate !== true) return isCandidate;
        const id = idOf(peer);
        return id === undefined ? undefined : id === wanted;
      };
    },
  };
}

/** A rule on a name. */
function nameKind(nameOf: (client: Client) => string | undefined): Kind {
  return {
    needsTls: true,
    parse(value) {
      const form = wildcard(value);
      return (client) => form.test(nameOf(client) ?? "");
    },
  };
}
