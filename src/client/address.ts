/** Where an NBD server is and which of its exports is meant: what an NBD URI says. */
export interface NbdAddress {
  readonly target: NbdTarget;
  /** "" is the server's default export. */
  readonly exportName?: string;
  /** Present when the connection must be encrypted (`nbds:` and `nbds+unix:`). */
  readonly tls?: TlsParameters;
}

export type NbdTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number };

/** doc/uri.md, "NBD URI query parameters related to TLS", and those that other clients add. */
export interface TlsParameters {
  readonly type?: "anon" | "x509" | "psk";
  /** The name in the server's certificate, where it is not the host's. */
  readonly hostname?: string;
  readonly verifyPeer?: boolean;
  /** Directory with `ca-cert.pem` and, for client certificates, `client-cert.pem` and `client-key.pem`. */
  readonly certificates?: string;
  readonly pskFile?: string;
  readonly username?: string;
}

/** The port that IANA gave to NBD. */
export const defaultPort = 10_809;
