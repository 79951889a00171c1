import type { HandshakeOptions } from "../connection/setup.ts";
import type { Peer } from "../contract/plugin.ts";
import type { Log } from "../core/log.ts";
import type { Keeper } from "./keeper.ts";
import type { ServerTls } from "./tls.ts";

export type { HandshakeOptions };

/** Options of a server, set by the command line or by a program. */
export interface ServerOptions {
  readonly listen: ListenOptions;
  readonly readOnly: boolean;
  /** Maximum number of requests of one connection in progress at once. */
  readonly threads: number;
  readonly handshake: HandshakeOptions;
  readonly tls: ServerTls;
  /** Enables TCP keepalive on every connection, to detect a peer that vanished without closing it. */
  readonly keepalive: boolean;
  /** How long, in µs, an event loop polls for requests before it sleeps; 0 disables this. */
  readonly busyPollUs: number;
  readonly log: Log;
  /** Called when clients connect and disconnect. */
  readonly watcher?: ConnectionWatcher;
  /** Removes a private directory if this process is killed. */
  readonly keeper?: Keeper;
}

/** A client while it is connected to the server. */
export interface ConnectedClient {
  /** Number of the connection, counted from 1; log messages about it begin with `PLUGIN[NUMBER]`. */
  readonly number: number;
  /** Address and credentials of the client. */
  readonly peer: Peer;
}

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
  | { readonly kind: "inherited"; readonly descriptors: readonly number[] };

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
  metaContexts: true,
  timeoutMs: handshakeTimeoutDefaultMs,
};
