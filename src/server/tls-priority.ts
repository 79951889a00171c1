import { NbdError } from "../core/errors.ts";
import type { TlsAlgorithms } from "../transport/tls.ts";

/** What a priority string leaves allowed, by GnuTLS's names. */
interface Allowed {
  readonly versions: Set<string>;
  readonly exchanges: Set<string>;
  readonly ciphers: Set<string>;
  readonly macs: Set<string>;
  ourOrder: boolean;
}

/** Too weak to be had here, so that there is nothing to take out either. */
const weak: ReadonlySet<string> = new Set(
  "VERS-SSL3.0 VERS-TLS1.0 VERS-TLS1.1 3DES-CBC ARCFOUR-128 MD5 ANON-DH ANON-ECDH".split(" "),
);

/** Always there, so that there is nothing to put in. */
const unchanging: ReadonlySet<string> = new Set(
  "COMP-NULL COMP-ALL SIGN-ALL GROUP-ALL CURVE-ALL CTYPE-X509 CTYPE-ALL".split(" "),
);

const versions = { "VERS-TLS1.3": "TLSv1.3", "VERS-TLS1.2": "TLSv1.2" } as const;

/** How OpenSSL's names of the suites of TLS 1.2 begin. */
const exchanges: Readonly<Record<string, string>> = {
  "ECDHE-ECDSA": "ECDHE-ECDSA-",
  "ECDHE-RSA": "ECDHE-RSA-",
  "DHE-RSA": "DHE-RSA-",
  RSA: "",
  "ECDHE-PSK": "ECDHE-PSK-",
  "DHE-PSK": "DHE-PSK-",
  PSK: "PSK-",
};

/** For use with keys that both sides have. nbdkit adds them to whatever it is told, or there would be no TLS. */
const exchangesOfPsk: readonly string[] = ["ECDHE-PSK", "DHE-PSK", "PSK"];

/** Suites as OpenSSL calls them: `name` in TLS 1.3, and `ends` of its names in TLS 1.2, by what they authenticate with. */
const ciphers: Readonly<Record<string, { name?: string; ends: Readonly<Record<string, string>> }>> = {
  "AES-256-GCM": { name: "TLS_AES_256_GCM_SHA384", ends: { AEAD: "AES256-GCM-SHA384" } },
  "CHACHA20-POLY1305": { name: "TLS_CHACHA20_POLY1305_SHA256", ends: { AEAD: "CHACHA20-POLY1305" } },
  "AES-128-GCM": { name: "TLS_AES_128_GCM_SHA256", ends: { AEAD: "AES128-GCM-SHA256" } },
  "AES-256-CBC": { ends: { SHA384: "AES256-SHA384", SHA256: "AES256-SHA256", SHA1: "AES256-SHA" } },
  "AES-128-CBC": { ends: { SHA256: "AES128-SHA256", SHA1: "AES128-SHA" } },
};

const macs: readonly string[] = ["AEAD", "SHA384", "SHA256", "SHA1"];

const strong: readonly string[] = ["AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"];

/** What a priority string may begin with. */
const beginnings: Readonly<Record<string, Partial<Record<Kind, readonly string[]>>>> = {
  NONE: { versions: [], exchanges: [], ciphers: [], macs: [] },
  NORMAL: {},
  PERFORMANCE: {},
  SECURE128: {},
  SECURE192: { ciphers: strong },
  SECURE256: { ciphers: strong },
  PFS: { exchanges: Object.keys(exchanges).filter((name) => name !== "RSA") },
};

type Kind = "versions" | "exchanges" | "ciphers" | "macs";

const all: Readonly<Record<Kind, readonly string[]>> = {
  versions: Object.keys(versions),
  exchanges: Object.keys(exchanges),
  ciphers: Object.keys(ciphers),
  macs,
};

/** Words for all of a kind. */
const groups: Readonly<Record<string, Kind>> = {
  "VERS-ALL": "versions",
  "VERS-TLS-ALL": "versions",
  "KX-ALL": "exchanges",
  "CIPHER-ALL": "ciphers",
  "MAC-ALL": "macs",
};

/**
 * Reads a priority string of GnuTLS (nbdkit-tls(1), "--tls-priority"), as far as OpenSSL has the same: versions, key
 * exchanges, ciphers and MACs that are put in and taken out.
 * @throws NbdError EINVAL, which names the word that has no meaning here, or says that nothing is left
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
    throw wrong(text, `"${word}" is none of the words to begin with: ${Object.keys(beginnings).join(", ")}`);
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
    throw wrong(text, `"${word}": after the first word, +NAME puts in and -NAME takes out`);
  }
  if (isAddition ? unchanging.has(name) : weak.has(name)) return;
  const group = groups[name];
  const kind = group ?? (Object.keys(all) as Kind[]).find((one) => all[one].includes(name));
  if (kind === undefined) throw wrong(text, `"${word}" is nothing that can be had here`);
  for (const one of group === undefined ? [name] : all[kind]) {
    if (isAddition) allowed[kind].add(one);
    else allowed[kind].delete(one);
  }
}

function suitesOf(allowed: Allowed): string[] {
  const chosen = [...allowed.ciphers].map((name) => ciphers[name]!);
  const prefixes = [...allowed.exchanges, ...exchangesOfPsk].map((name) => exchanges[name]!);
  const ends = chosen.flatMap((cipher) =>
    [...allowed.macs].flatMap((mac) => (cipher.ends[mac] === undefined ? [] : [cipher.ends[mac]])),
  );
  // OpenSSL passes over combinations that do not exist.
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
