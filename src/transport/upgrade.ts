import type { Duplex } from "node:stream";

/** Makes an encrypted stream out of a plain one; `tls.ts` has those for both sides. Rejects when the peer fails to. */
export type Upgrade = (plain: Duplex) => Promise<SecureStream>;

export interface SecureStream {
  readonly stream: Duplex;
  /** What the peer's certificate says; empty for a peer without one. */
  readonly peer: TlsPeer;
}

/** Distinguished names as RFC 4514 writes them ("CN=client,O=example,C=GB"). */
export interface TlsPeer {
  readonly dn?: string;
  readonly issuerDn?: string;
}
