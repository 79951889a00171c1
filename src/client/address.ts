/**
 * The address of an export: the server, the export name and the TLS parameters. An NBD URI holds the same.
 */
export interface NbdAddress {
  /** Where the server listens. */
  readonly target: NbdTarget;
  /** The export name. "" (the default) is the server's default export. */
  readonly exportName?: string;
  /** Set when the connection must be encrypted (the schemes `nbds:`, `nbds+unix:` and `nbds+vsock:`). */
  readonly tls?: TlsParameters;
}

/** Where a server listens: a TCP host and port, the path of a Unix socket, or a vsock CID and port. */
export type NbdTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number };

/**
 * The TLS parameters of an address: doc/uri.md, "NBD URI query parameters related to TLS", and libnbd's
 * additions.
 */
export interface TlsParameters {
  /**
   * How the server authenticates. Default: "psk" when `pskFile` is set, otherwise "x509". "anon" throws
   * ENOTSUP.
   */
  readonly type?: "anon" | "x509" | "psk";
  /** The name in the server's certificate, when it differs from the host name of the address. */
  readonly hostname?: string;
  /** Verify the server's certificate. Default: true. */
  readonly verifyPeer?: boolean;
  /** Directory with `ca-cert.pem` and, for client certificates, `client-cert.pem` and `client-key.pem`. */
  readonly certificates?: string;
  /** Path of the file with pre-shared keys, one NAME:HEX on each line. */
  readonly pskFile?: string;
  /** Name of the pre-shared key. Default: the login name of the user that runs the process. */
  readonly username?: string;
}

/** The TCP port that IANA assigned to NBD. */
export const defaultPort = 10_809;
