import { must } from "../core/assert.ts";
import { NbdError } from "../core/errors.ts";
import type { TlsAlgorithms } from "../transport/tls.ts";

/** The algorithms that a priority string allows, by their GnuTLS names. */
interface Allowed {
  readonly versions: Set<string>;
  readonly exchanges: Set<string>;
  readonly ciphers: Set<string>;
  readonly macs: Set<string>;
  ourOrder: boolean;
}

/** Weak algorithms, which are never enabled here: removing one is accepted and does nothing. */
const weak: ReadonlySet<string> = new Set(
  "VERS-SSL3.0 VERS-TLS1.0 VERS-TLS1.1 3DES-CBC ARCFOUR-128 MD5 ANON-DH ANON-ECDH".split(" "),
);

/** Algorithms that are always enabled: adding one is accepted and does nothing. */
const unchanging: ReadonlySet<string> = new Set(
  "COMP-NULL COMP-ALL SIGN-ALL GROUP-ALL CURVE-ALL CTYPE-X509 CTYPE-ALL".split(" "),
);

const versions = { "VERS-TLS1.3": "TLSv1.3", "VERS-TLS1.2": "TLSv1.2" } as const;

/** Prefixes of OpenSSL's TLS 1.2 cipher suite names, by key exchange. */
const exchanges: Readonly<Record<string, string>> = {
  "ECDHE-ECDSA": "ECDHE-ECDSA-",
  "ECDHE-RSA": "ECDHE-RSA-",
  "DHE-RSA": "DHE-RSA-",
  RSA: "",
  "ECDHE-PSK": "ECDHE-PSK-",
  "DHE-PSK": "DHE-PSK-",
  PSK: "PSK-",
};

/** Key exchanges for pre-shared keys. nbdkit adds them to every priority string, because PSK needs them. */
const exchangesOfPsk: readonly string[] = ["ECDHE-PSK", "DHE-PSK", "PSK"];

/** OpenSSL's cipher suite names: `name` in TLS 1.3, and the suffixes `ends` in TLS 1.2, by MAC. */
const ciphers: Readonly<Record<string, { name?: string; ends: Readonly<Record<string, string>> }>> = {
  "AES-256-GCM": { name: "TLS_AES_256_GCM_SHA384", ends: { AEAD: "AES256-GCM-SHA384" } },
  "CHACHA20-POLY1305": { name: "TLS_CHACHA20_POLY1305_SHA256", ends: { AEAD: "CHACHA20-POLY1305" } },
  "AES-128-GCM": { name: "TLS_AES_128_GCM_SHA256", ends: { AEAD: "AES128-GCM-SHA256" } },
  "AES-256-CBC": { ends: { SHA384: "AES256-SHA384", SHA256: "AES256-SHA256", SHA1: "AES256-SHA" } },
  "AES-128-CBC": { ends: { SHA256: "AES128-SHA256", SHA1: "AES128-SHA" } },
};

const macs: readonly string[] = ["AEAD", "SHA384", "SHA256", "SHA1"];

const strong: readonly string[] = ["AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"];

/** The initial keywords of a priority string. */
const beginnings: Readonly<Record<string, Partial<Record<Kind, readonly string[]>>>> = {
  NONE: { versions: [], exchanges: [], ciphers: [], macs: [] },
  NORMAL: {},
  PERFORMANCE: {},
  SECURE128: {},
  SECURE192: { ciphers: strong },
  SECURE256: { ciphers: strong },
  PFS: { exchanges: Object.keys(exchanges).filter((name) => name !== "RSA") },
};

const kinds = ["versions", "exchanges", "ciphers", "macs"] as const;
type Kind = (typeof kinds)[number];

const all: Readonly<Record<Kind, readonly string[]>> = {
  versions: Object.keys(versions),
  exchanges: Object.keys(exchanges),
  ciphers: Object.keys(ciphers),
  macs,
};

/** Keywords that stand for all algorithms of one kind. */
const groups: Readonly<Record<string, Kind>> = {
  "VERS-ALL": "versions",
  "VERS-TLS-ALL": "versions",
  "KX-ALL": "exchanges",
  "CIPHER-ALL": "ciphers",
  "MAC-ALL": "macs",
};

/**
 * Parses a GnuTLS priority string (nbdkit-tls(1), "--tls-priority"). It supports what OpenSSL has too: adding
 * and removing versions, key exchanges, ciphers and MACs.
 * @throws NbdError EINVAL, which names the unsupported word, or says that no version or cipher remains
 */
export function parseTlsPriority(text: string): TlsAlgorithms {
  const [first = "", ...words] = text.split(":");
  const allowed = begin(text, first);
  for (const word of words) apply(text, allowed, word);
  const chosen = Object.entries(versions).filter(([name]) => allowed.versions.has(name));
  const [newest, oldest] = [chosen[0]?.[1], chosen.at(-1)?.[1]];
  const suites = suitesOf(allowed);
  if (newest === undefined || oldest === undefined) throw wrong(text, "it leaves no version of TLS");
  if (suites.length === 0) throw wrong(text, "it leaves no cipher for the versions that it allows");
  return { ciphers: suites.join(":"), minVersion: oldest, maxVersion: newest, ourOrder: allowed.ourOrder };
}

function begin(text: string, word: string): Allowed {
  const named = beginnings[word.toUpperCase()];
  if (named === undefined) {
    throw wrong(
      text,
      `"${word}" is not a valid first word: use one of ${Object.keys(beginnings).join(", ")}`,
    );
  }
  const set = (kind: Kind): Set<string> => new Set(named[kind] ?? all[kind]);
  return {
    versions: set("versions"),
    exchanges: set("exchanges"),
    ciphers: set("ciphers"),
    macs: set("macs"),
    ourOrder: false,
  };
}

function apply(text: string, allowed: Allowed, word: string): void {
  if (word.toUpperCase() === "%SERVER_PRECEDENCE") {
    allowed.ourOrder = true;
    return;
  }
  const name = word.slice(1).toUpperCase();
  const isAddition = word[0] === "+";
  if (!isAddition && word[0] !== "-" && word[0] !== "!") {
    throw wrong(text, `"${word}": after the first word, use +NAME to add and -NAME to remove`);
  }
  if (isAddition ? unchanging.has(name) : weak.has(name)) return;
  const group = groups[name];
  const kind = group ?? kinds.find((one) => all[one].includes(name));
  if (kind === undefined) throw wrong(text, `"${word}" is not supported`);
  for (const one of group === undefined ? [name] : all[kind]) {
    if (isAddition) allowed[kind].add(one);
    else allowed[kind].delete(one);
  }
}

function suitesOf(allowed: Allowed): string[] {
  const chosen = [...allowed.ciphers].map((name) => must(ciphers[name]));
  const prefixes = [...allowed.exchanges, ...exchangesOfPsk].map((name) => must(exchanges[name]));
  const ends = chosen.flatMap((cipher) =>
    [...allowed.macs].flatMap((mac) => (cipher.ends[mac] === undefined ? [] : [cipher.ends[mac]])),
  );
  // OpenSSL ignores combinations that do not exist.
  const older = [...new Set(prefixes)].flatMap((prefix) => ends.map((end) => prefix + end));
  const newer = chosen.flatMap(({ name }) => (name === undefined ? [] : [name]));
  return [
    ...(allowed.versions.has("VERS-TLS1.3") ? newer : []),
    ...(allowed.versions.has("VERS-TLS1.2") ? older : []),
  ];
}

function wrong(text: string, reason: string): NbdError {
  return new NbdError("EINVAL", `--tls-priority=${text}: ${reason}`);
}
