import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { HandshakeOptions } from "../connection/setup.ts";
import type { Peer } from "../contract/plugin.ts";
import type { Log } from "../core/log.ts";
import type { Setting } from "./settings.ts";
import type { TlsOptions } from "./tls.ts";

export type { HandshakeOptions };

/** Options of a server. The command line and `serve` produce them, and they stay unchanged to their use. */
export interface ServerOptions {
  /** A definition, a name, or the path of a module or script. */
  readonly plugin: string | AnyPlugin;
  /** As `plugin`; outermost first. */
  readonly filters: readonly (string | AnyFilter)[];
  /** The parameters of plugin and filters. They are read once, when the chain is configured. */
  readonly settings: Iterable<Setting>;
  /** The name of this server, for its messages and its plugins. */
  readonly name?: string;
  /** NAME.FLAG -> N. */
  readonly debugFlags: ReadonlyMap<string, number>;
  /** The export name in the URI; the server ignores it. */
  readonly exportName: string;
  readonly listen: ListenOptions;
  readonly readOnly: boolean;
  /** Maximum number of requests of one connection in flight. */
  readonly threads: number;
  readonly handshake: HandshakeOptions;
  readonly tls: TlsOptions;
  /** Enables TCP keepalive on every connection, to detect a peer that vanished without closing it. */
  readonly keepalive: boolean;
  /** How long, in µs, an event loop polls for requests before it sleeps; 0 disables this. */
  readonly busyPollUs: number;
  readonly log: Log;
}

/** A client while it is connected to the server. */
export interface ConnectedClient {
  /** Number of the connection, counted from 1; log messages about it begin with `PLUGIN[NUMBER]`. */
  readonly number: number;
  /** Address and credentials of the client. */
  readonly peer: Peer;
}

/** Receives the events of connections. */
export interface ConnectionWatcher {
  connected(client: ConnectedClient): void;
  disconnected(client: ConnectedClient): void;
}

/** Where a server accepts clients; `kind` selects the transport. */
export type ListenOptions =
  | (Labelled & {
      readonly kind: "tcp";
      /** Host name or IP address; every local address when absent. */
      readonly host?: string;
      /** Restricts a host name to IPv4 or IPv6; both when absent. */
      readonly family?: 4 | 6;
      /** TCP port; 0 lets the system choose one. */
      readonly port: number;
    })
  | (Labelled & { readonly kind: "unix"; readonly path: string })
  /** A Unix socket in a new directory of mode 0700, which is removed at the end. */
  | (Labelled & { readonly kind: "private" })
  /** For clients in virtual machines or on their host; port 0 lets the system choose. */
  | (Labelled & { readonly kind: "vsock"; readonly port: number })
  /** One client, on standard input and output. */
  | { readonly kind: "stdio" }
  /** Listening sockets that a parent process passed by descriptor (systemd's socket activation). */
  | {
      readonly kind: "inherited";
      readonly descriptors: readonly number[];
      /** The names of the sockets, for the log (LISTEN_FDNAMES). */
      readonly names?: readonly string[];
    };

interface Labelled {
  /** The SELinux label of the socket. */
  readonly label?: string;
}

/** nbdkit(1), "-p": the port that IANA gave to NBD. */
export const defaultPort = 10_809;

/** nbdkit(1), "-t". */
export const threadsDefault = 16;

/** 60 seconds are enough to choose an export; a slower client is disconnected. */
const handshakeTimeoutDefaultMs = 60_000;

/** All features are enabled. */
export const handshakeDefaults: HandshakeOptions = {
  style: "newstyle",
  flagsMask: 0xffff,
  structuredReplies: true,
  extendedHeaders: true,
  metaContexts: true,
  timeoutMs: handshakeTimeoutDefaultMs,
};
