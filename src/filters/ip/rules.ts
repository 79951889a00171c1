import { isIPv4 } from "node:net";
import type { Client, Peer } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import { parseInteger } from "../../core/values.ts";
import { addressesOf, addressRule, type Match } from "./address.ts";

/** One thing that a client can be known by (nbdkit-ip-filter(1), "RULES"). */
export interface Rule {
  readonly text: string;
  matches(client: Client): Match;
  /** It asks for the client's certificate. */
  readonly needsTls: boolean;
}

/**
 * Several rules, with commas between them, of which one at the end is nothing; none is no mistake either.
 * @param key names the list in errors
 * @throws NbdError EINVAL
 */
export function parseRules(text: string, key: string): readonly Rule[] {
  if (text === "") return [];
  return separate(text.replace(/(?<!\\),$/, "")).map((rule) => {
    if (rule === "") throw new NbdError("EINVAL", `${key}: empty entry in rule list`);
    return parseRule(rule, key);
  });
}

/**
 * Distinguished names have commas themselves. So a comma behind a backslash is none, and what follows the one of a
 * name belongs to it where it reads ATTRIBUTE=VALUE or has a `*`, which no rule does.
 */
function separate(text: string): readonly string[] {
  const rules: string[] = [];
  for (const part of text.split(/(?<!\\),/)) {
    const last = rules.at(-1);
    const continues = last !== undefined && isName(last) && /^[^:]*[=*]/.test(part);
    if (continues) rules[rules.length - 1] = `${last},${part}`;
    else rules.push(part);
  }
  return rules;
}

function isName(rule: string): boolean {
  return /^(issuer-)?dn:/i.test(rule);
}

function parseRule(text: string, key: string): Rule {
  const word = text.toLowerCase().replace(/^all/, "any");
  const family = families[word];
  if (family !== undefined) return { text, needsTls: false, matches: ({ peer }) => family(peer) };
  const [, kind, value] = /^([a-z-]+):(.*)$/is.exec(text) ?? [];
  const known = kind === undefined ? undefined : kinds[kind.toLowerCase()];
  if (known !== undefined) return { text, needsTls: known.needsTls ?? false, matches: known.parse(value!) };
  const isAt = addressRule(text, key);
  return { text, needsTls: false, matches: ({ peer }) => isAt(peer) };
}

const families: Readonly<Record<string, (peer: Peer | undefined) => Match>> = {
  any: () => true,
  anyipv4: (peer) => addressesOf(peer)?.some(isIPv4),
  // An IPv4 client of a socket for both families is none.
  anyipv6: (peer) => isFamily(peer, "tcp") && addressesOf(peer)?.every((address) => !isIPv4(address)),
  anyunix: (peer) => isFamily(peer, "unix"),
  anyvsock: (peer) => isFamily(peer, "vsock"),
};

/** Over pipes a client may be anywhere. */
function isFamily(peer: Peer | undefined, family: Peer["family"]): Match {
  return peer === undefined || peer.family === "stdio" ? undefined : peer.family === family;
}

interface Kind {
  readonly needsTls?: boolean;
  parse(value: string): Rule["matches"];
}

/** All numbers that the system has for users, groups, processes and ports of vsock. */
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
    // Where there is no SELinux, no client has a label.
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

/** `*` stands for anything and `?` for one character. */
function nameKind(nameOf: (client: Client) => string | undefined): Kind {
  return {
    needsTls: true,
    parse(value) {
      const pattern = value
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".");
      const form = new RegExp(`^${pattern}$`, "su");
      return (client) => form.test(nameOf(client) ?? "");
    },
  };
}
