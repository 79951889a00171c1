import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type DetailedPeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { isError, messageOf, NbdError } from "../core/errors.ts";
import { distinguishedName } from "./distinguished-name.ts";
import { tlsSessionLines } from "./tls-session.ts";
import type { TlsPeer, Upgrade } from "./upgrade.ts";

/** The names and keys of a pre-shared key file. */
export type PskKeys = ReadonlyMap<string, Buffer>;

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  /** The file name of the certificate, for error messages. */
  readonly name: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The TLS algorithms, instead of the defaults. */
export interface TlsAlgorithms {
  /** The ciphers of all TLS versions, by their OpenSSL names, separated by colons, best first. */
  readonly ciphers: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1.2" | "TLSv1.3";
  /** True prefers the order of ciphers of the server to the order of the client. */
  readonly ourOrder: boolean;
}

/** The keys and options of a TLS server. */
export type TlsServerSettings = {
  readonly algorithms?: TlsAlgorithms;
  /** Prints OpenSSL's trace of each connection on stderr. */
  readonly trace?: boolean;
} & (
  | {
      readonly kind: "certificates";
      /** PEM: pairs of certificate and key, one for each kind of key. */
      readonly pairs: readonly KeyPair[];
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** Refuse clients without a certificate of the CA. */
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly keys: PskKeys }
);

/** The keys and options of a TLS client. */
export type TlsClientSettings =
  | {
      readonly kind: "certificates";
      /** PEM; the certificate authorities of the system when absent. */
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** The certificate of the client, sent when the server requests one. */
      readonly pair?: KeyPair;
      /** The name that the certificate of the server must contain. */
      readonly hostname: string;
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly username: string; readonly key: Buffer };

/** TLS 1.2 and up with what OpenSSL calls strong, and nothing that leaves either side unauthenticated. */
const pskCiphers =
  "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:kDHEPSK+HIGH:kECDHEPSK+HIGH:PSK+HIGH:!aNULL";

/** Disables renegotiation (TLS 1.2): no NBD client uses it, and Node fails an assertion over some streams. */
const secureOptions: number = constants.SSL_OP_NO_RENEGOTIATION;

/** Milliseconds for the TLS handshake. The timeout of the NBD handshake applies too. */
const tlsHandshakeMs = 60_000;

/**
 * Makes the upgrade of a server. Wrong certificates are reported here, not when the first client connects.
 * @throws Error of OpenSSL
 */
export function tlsServer(settings: TlsServerSettings): Upgrade {
  if (settings.kind === "certificates") checkKeys(settings.pairs, settings.ca);
  const options = serverOptions(settings);
  createSecureContext(options);
  return (plain) =>
    new Promise((resolve, reject) => {
      // Use one TLS server for each client: no other public API tells which client an event belongs to.
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
        // When `plain` is no socket, TLS continues to read it. EOF must not discard bytes that are still to
        // be sent.
        plain.allowHalfOpen = halfOpen;
        resolve({
          stream,
          peer: peerOf(stream),
          session: () => tlsSessionLines(stream, usernames.get(stream)),
        });
      });
      // Disallow half-open connections during the TLS handshake: a client that sends EOF then would be waited
      // for without end.
      const halfOpen = plain.allowHalfOpen;
      plain.allowHalfOpen = false;
      server.emit("connection", plain);
    });
}

/**
 * Makes the upgrade of a client.
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
      // This listener stays: TLS may report several errors, and some of them before the caller handles the
      // promise.
      stream.on("error", fail);
      stream.once("close", () => fail("the server left"));
      stream.once("secureConnect", () => resolve({ stream, peer: peerOf(stream) }));
    });
}

/** Checks what OpenSSL accepts silently: a key of another certificate, and a file that is no certificate. */
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

/** Returns the reason of OpenSSL without its source location. */
function reasonOf(error: unknown): string {
  const isOpenSsl = isError(error) && "library" in error && "reason" in error;
  return isOpenSsl && typeof error.reason === "string" ? error.reason : messageOf(error);
}

function whyNotAuthorized(stream: TLSSocket): string {
  if (!isShown(stream.getPeerCertificate())) return "the client showed no certificate";
  return `the client's certificate: ${messageOf(stream.authorizationError)}`;
}

function serverOptions(settings: TlsServerSettings): TlsOptions & SecureContextOptions {
  const enableTrace = settings.trace ?? false;
  const keys = keysOf(settings);
  return { minVersion: "TLSv1.2", secureOptions, enableTrace, ...keys, ...chosen(settings.algorithms) };
}

function chosen(algorithms: TlsAlgorithms | undefined): SecureContextOptions {
  if (algorithms === undefined) return {};
  const { ourOrder, ...rest } = algorithms;
  return { ...rest, honorCipherOrder: ourOrder };
}

/** The names that clients with pre-shared keys gave. Node does not tell them later. */
const usernames = new WeakMap<TLSSocket, string>();

function keysOf(settings: TlsServerSettings): TlsOptions {
  if (settings.kind === "psk") {
    const keyOf = (stream: TLSSocket, username: string): Buffer | null => {
      usernames.set(stream, username);
      return settings.keys.get(username) ?? null;
    };
    return { ciphers: pskCiphers, pskCallback: keyOf };
  }
  const { pairs, ca, crl } = settings;
  return {
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key),
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    // Request a certificate whenever there is a CA: plugins may use the name of the client.
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
      // The pre-shared key authenticates the server. A server that sends a certificate instead has not proved
      // that it has the key, whichever CA signed the certificate.
      checkServerIdentity: (_host, certificate) => (isShown(certificate) ? notByKey() : undefined),
    };
  }
  const { ca, crl, pair, hostname, verifyPeer } = settings;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
    // An IP address is not valid as a server name indication (SNI).
    ...(isIpAddress(hostname) ? { host: hostname } : { host: hostname, servername: hostname }),
    rejectUnauthorized: verifyPeer,
    minVersion: "TLSv1.2",
    secureOptions,
  };
}

/** Tells whether the peer sent a certificate: Node returns an empty object when there is none. */
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
