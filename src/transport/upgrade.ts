import type { Duplex } from "node:stream";

/**
 * Upgrades a plain stream to TLS; `tls.ts` makes upgrades for both sides. It rejects when the TLS handshake
 * fails.
 */
export type Upgrade = (plain: Duplex) => Promise<SecureStream>;

/** A stream that is encrypted with TLS. */
export interface SecureStream {
  readonly stream: Duplex;
  /** The names in the certificate of the peer; empty for a peer without one. */
  readonly peer: TlsPeer;
  /** Describes the session in lines for the log of a server. */
  session?(): readonly string[];
}

/** The distinguished names of a certificate, as RFC 4514 writes them ("CN=client,O=example,C=GB"). */
export interface TlsPeer {
  readonly dn?: string;
  readonly issuerDn?: string;
}
