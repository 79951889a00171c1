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

export type TlsServerSettings =
  | {
      readonly kind: "certificates";
      /** PEM: one pair of certificate and key or several, of different kinds of keys. */
      readonly pairs: readonly { readonly cert: Buffer; readonly key: Buffer }[];
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** Turn away clients that have no certificate of the CA. */
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly keys: PskKeys };

export type TlsClientSettings =
  | {
      readonly kind: "certificates";
      /** PEM; the system's authorities when absent. */
      readonly ca?: Buffer;
      readonly crl?: Buffer;
      /** What the client shows when it is asked. */
      readonly cert?: Buffer;
      readonly key?: Buffer;
      /** The name that the server's certificate must bear. */
      readonly hostname: string;
      readonly verifyPeer: boolean;
    }
  | { readonly kind: "psk"; readonly username: string; readonly key: Buffer };

/** TLS 1.2 and up with what OpenSSL calls strong, and nothing that leaves either side unauthenticated. */
const pskCiphers =
  "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:kDHEPSK+HIGH:kECDHEPSK+HIGH:PSK+HIGH:!aNULL";

/** How long a client may take for the TLS handshake, in ms; the handshake of NBD has its own limit around it. */
const tlsHandshakeMs = 60_000;

/**
 * The server's side. What is wrong with the certificates shows here, not when the first client comes.
 * @throws Error of OpenSSL
 */
export function tlsServer(settings: TlsServerSettings): Upgrade {
  const options = serverOptions(settings);
  createSecureContext(options);
  return (plain) =>
    new Promise((resolve, reject) => {
      // A server of its own for each client: no other public way tells which client an outcome belongs to.
      const server = createServer({ ...options, handshakeTimeout: tlsHandshakeMs });
      const fail = (reason: string): void =>
        reject(new NbdError("EPROTO", `TLS handshake failed: ${reason}`));
      server.once("tlsClientError", (error) => fail(messageOf(error)));
      plain.once("close", () => fail("the client left"));
      server.once("secureConnection", (stream) => {
        if (mustVerify(settings) && !stream.authorized) {
          fail(`the client's certificate: ${messageOf(stream.authorizationError)}`);
          stream.destroy();
          return;
        }
        resolve({ stream, peer: peerOf(stream) });
      });
      server.emit("connection", plain);
    });
}

/** The client's side. */
export function tlsClient(settings: TlsClientSettings): Upgrade {
  const options = clientOptions(settings);
  return (plain) =>
    new Promise((resolve, reject) => {
      const stream = connect({ ...options, socket: plain });
      const fail = (error: unknown): void =>
        reject(
          new NbdError("EPROTO", `TLS handshake failed: ${messageOf(error)}`, { cause: error as Error }),
        );
      stream.once("error", fail);
      stream.once("close", () => fail("the server left"));
      stream.once("secureConnect", () => {
        stream.off("error", fail);
        resolve({ stream, peer: peerOf(stream) });
      });
    });
}

function serverOptions(settings: TlsServerSettings): TlsOptions & SecureContextOptions {
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
    minVersion: "TLSv1.2",
  };
}

function mustVerify(settings: TlsServerSettings): boolean {
  return settings.kind === "certificates" && settings.verifyPeer;
}

function clientOptions(settings: TlsClientSettings): ConnectionOptions {
  if (settings.kind === "psk") {
    const { username, key } = settings;
    // Whoever has the key is the server; there is no certificate to check.
    const checkServerIdentity = (): undefined => undefined;
    return {
      ciphers: pskCiphers,
      pskCallback: () => ({ psk: key, identity: username }),
      checkServerIdentity,
    };
  }
  const { ca, crl, cert, key, hostname, verifyPeer } = settings;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // An address is no name that a server could choose its certificate by.
    ...(isIpAddress(hostname) ? { host: hostname } : { host: hostname, servername: hostname }),
    rejectUnauthorized: verifyPeer,
    minVersion: "TLSv1.2",
  };
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

/** RFC 4514: the last attribute first, special characters escaped. */
function distinguishedName(name: PeerCertificate["subject"]): string {
  const parts = Object.entries(name).flatMap(([type, value = []]: [string, string | string[] | undefined]) =>
    [value].flat().map((one) => `${type}=${one.replace(/[,+"\\<>;]/g, "\\$&")}`),
  );
  return parts.reverse().join(",");
}
