import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { messageOf, NbdError } from "../core/errors.ts";
import type { TlsPeer, Upgrade } from "./upgrade.ts";

/** Names and keys of a pre-shared key file. */
export type PskKeys = ReadonlyMap<string, Buffer>;

/** A certificate and the private key that it was made for, both as PEM. */
export interface KeyPair {
  /** The certificate's file, for messages. */
  readonly name: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What a connection may be encrypted with, instead of what is usual. */
export interface TlsAlgorithms {
  /** OpenSSL's names, of all versions, with colons between; best first. */
  readonly ciphers: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1.2" | "TLSv1.3";
  /** The server's order of ciphers counts, and not the client's. */
  readonly ourOrder: boolean;
}

export type TlsServerSettings = { readonly algorithms?: TlsAlgorithms } & (
  | {
      readonly kind: "certificates";
      /** PEM: one pair of certificate and key or several, of different kinds of keys. */
      readonly pairs: readonly KeyPair[];
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** Turn away clients that have no certificate of the CA. */
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly keys: PskKeys }
);

export type TlsClientSettings =
  | {
      readonly kind: "certificates";
      /** PEM; the system's authorities when absent. */
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** What the client shows when it is asked. */
      readonly pair?: KeyPair;
      /** The name that the server's certificate must bear. */
      readonly hostname: string;
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly username: string; readonly key: Buffer };

/** TLS 1.2 and up with what OpenSSL calls strong, and nothing that leaves either side unauthenticated. */
const pskCiphers =
  "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:kDHEPSK+HIGH:kECDHEPSK+HIGH:PSK+HIGH:!aNULL";

/** New keys in the middle of a connection (TLS 1.2): no client of NBD asks for them, and Node.js fails an assertion over some streams. */
const secureOptions: number = constants.SSL_OP_NO_RENEGOTIATION;

/** How long a client may take for the TLS handshake, in ms; the handshake of NBD has its own limit around it. */
const tlsHandshakeMs = 60_000;

/**
 * The server's side. What is wrong with the certificates shows here, not when the first client comes.
 * @throws Error of OpenSSL
 */
export function tlsServer(settings: TlsServerSettings): Upgrade {
  if (settings.kind === "certificates") checkKeys(settings.pairs, settings.ca);
  const options = serverOptions(settings);
  createSecureContext(options);
  return (plain) =>
    new Promise((resolve, reject) => {
      // A server of its own for each client: no other public way tells which client an outcome belongs to.
      const server = createServer({ ...options, handshakeTimeout: tlsHandshakeMs });
      const fail = (reason: string): void =>
        reject(new NbdError("EPROTO", `TLS handshake failed: ${reason}`));
      server.once("tlsClientError", (error) => fail(reasonOf(error)));
      plain.once("close", () => fail("the client left"));
      server.once("secureConnection", (stream) => {
        if (mustVerify(settings) && !stream.authorized) {
          fail(whyNotAuthorized(stream));
          stream.destroy();
          return;
        }
        stream.allowHalfOpen = halfOpen;
        // Where it is no socket, TLS goes on reading it: its end must not end what is still to be sent.
        plain.allowHalfOpen = halfOpen;
        resolve({ stream, peer: peerOf(stream) });
      });
      // Whoever leaves in the middle of the handshake has left: half a connection would wait for ever.
      const halfOpen = plain.allowHalfOpen;
      plain.allowHalfOpen = false;
      server.emit("connection", plain);
    });
}

/**
 * The client's side.
 * @throws Error of OpenSSL when the keys cannot be used
 */
export function tlsClient(settings: TlsClientSettings): Upgrade {
  if (settings.kind === "certificates") checkKeys(settings.pair ? [settings.pair] : [], settings.ca);
  const options = clientOptions(settings);
  createSecureContext(options);
  return (plain) =>
    new Promise((resolve, reject) => {
      const stream = connect({ ...options, socket: plain });
      const fail = (error: unknown): void =>
        reject(
          new NbdError("EPROTO", `TLS handshake failed: ${reasonOf(error)}`, { cause: error, retold: true }),
        );
      // Never taken away: TLS may tell of more errors than one, and of some before the promise is heard.
      stream.on("error", fail);
      stream.once("close", () => fail("the server left"));
      stream.once("secureConnect", () => resolve({ stream, peer: peerOf(stream) }));
    });
}

/** OpenSSL itself lets some things pass: a key of another kind, an authority that is no certificate. */
function checkKeys(pairs: readonly KeyPair[], ca: Buffer | undefined): void {
  if (ca !== undefined) parsed("ca-cert.pem is not a certificate", () => new X509Certificate(ca));
  for (const { name, cert, key } of pairs) {
    const certificate = parsed(`${name} is not a certificate`, () => new X509Certificate(cert));
    const privateKey = parsed(`the key of ${name} is not a private key`, () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new NbdError("EINVAL", `${name} and its key do not belong together`);
    }
  }
}

function parsed<T>(complaint: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new NbdError("EINVAL", `${complaint}: ${reasonOf(error)}`, { cause: error, retold: true });
  }
}

/** OpenSSL's reason without the place in its source where it was found. */
function reasonOf(error: unknown): string {
  const { library, reason } = error as { readonly library?: unknown; readonly reason?: unknown };
  return typeof library === "string" && typeof reason === "string" ? reason : messageOf(error);
}

function whyNotAuthorized(stream: TLSSocket): string {
  if (!isShown(stream.getPeerCertificate())) return "the client showed no certificate";
  return `the client's certificate: ${messageOf(stream.authorizationError)}`;
}

function serverOptions(settings: TlsServerSettings): TlsOptions & SecureContextOptions {
  return { minVersion: "TLSv1.2", secureOptions, ...keysOf(settings), ...chosen(settings.algorithms) };
}

function chosen(algorithms: TlsAlgorithms | undefined): SecureContextOptions {
  if (algorithms === undefined) return {};
  const { ourOrder, ...rest } = algorithms;
  return { ...rest, honorCipherOrder: ourOrder };
}

function keysOf(settings: TlsServerSettings): TlsOptions {
  if (settings.kind === "psk") {
    return { ciphers: pskCiphers, pskCallback: (_socket, identity) => settings.keys.get(identity) ?? null };
  }
  const { pairs, ca, crl } = settings;
  return {
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key),
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    // Asked for whenever there is an authority to judge it: plugins may want to know who is there.
    requestCert: ca !== undefined,
    rejectUnauthorized: false,
  };
}

function mustVerify(settings: TlsServerSettings): boolean {
  return settings.kind === "certificates" && settings.verifyPeer;
}

function clientOptions(settings: TlsClientSettings): ConnectionOptions {
  if (settings.kind === "psk") {
    const { username, key } = settings;
    return {
      ciphers: pskCiphers,
      secureOptions,
      pskCallback: () => ({ psk: key, identity: username }),
      // Whoever has the key is the server. One that shows a certificate instead, whoever signed it, has shown no key.
      checkServerIdentity: (_host, certificate) => (isShown(certificate) ? notByKey() : undefined),
    };
  }
  const { ca, crl, pair, hostname, verifyPeer } = settings;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
    // An address is no name that a server could choose its certificate by.
    ...(isIpAddress(hostname) ? { host: hostname } : { host: hostname, servername: hostname }),
    rejectUnauthorized: verifyPeer,
    minVersion: "TLSv1.2",
    secureOptions,
  };
}

/** Node says with an empty object that there is none. */
function isShown(certificate: object): boolean {
  return Object.keys(certificate).length > 0;
}

function notByKey(): Error {
  return new NbdError("EPROTO", "the server shows a certificate instead of using the pre-shared key");
}

function isIpAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

function peerOf(stream: TLSSocket): TlsPeer {
  if (!stream.authorized) return {};
  const certificate: Partial<DetailedPeerCertificate> = stream.getPeerCertificate();
  return {
    ...(certificate.subject === undefined ? {} : { dn: distinguishedName(certificate.subject) }),
    ...(certificate.issuer === undefined ? {} : { issuerDn: distinguishedName(certificate.issuer) }),
  };
}

/** RFC 4514: the last attribute first, special characters escaped, and those that would break a line of a log. */
function distinguishedName(name: PeerCertificate["subject"]): string {
  const parts = Object.entries(name).flatMap(([type, value = []]: [string, string | string[] | undefined]) =>
    [value].flat().map((one) => `${type}=${escaped(one)}`),
  );
  return parts.reverse().join(",");
}

function escaped(value: string): string {
  return value
    .replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&")
    .replace(/\p{Cc}/gu, (control) => `\\${Buffer.from(control).toString("hex").toUpperCase()}`);
}
