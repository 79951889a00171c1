import type { HandshakeOptions } from "../connection/setup.ts";
import type { Peer } from "../contract/plugin.ts";
import type { Log } from "../core/log.ts";
import type { Keeper } from "./keeper.ts";
import type { ServerTls } from "./tls.ts";

export type { HandshakeOptions };

/** How a server is to run, whoever asks: the command line or a program. */
export interface ServerOptions {
  readonly listen: ListenOptions;
  readonly readOnly: boolean;
  /** Requests of one connection that are worked on at once. */
  readonly threads: number;
  readonly handshake: HandshakeOptions;
  readonly tls: ServerTls;
  /** TCP keepalive on every connection, so that a peer that vanished without a word is noticed. */
  readonly keepalive: boolean;
  /** How long, in µs, a loop goes on looking for requests before it sleeps; 0 for not at all. */
  readonly busyPollUs: number;
  readonly log: Log;
  /** Hears of clients that come and go. */
  readonly watcher?: ConnectionWatcher;
  /** Removes a private directory if this process cannot. */
  readonly keeper?: Keeper;
}

/** A client of the server, as long as it is connected. */
export interface ConnectedClient {
  /** Counts the clients of the server, from 1; messages about it say `PLUGIN[NUMBER]`. */
  readonly number: number;
  readonly peer: Peer;
}

export interface ConnectionWatcher {
  connected(client: ConnectedClient): void;
  disconnected(client: ConnectedClient): void;
}

export type ListenOptions =
  | (Labelled & {
      readonly kind: "tcp";
      /** Name or address; every local address when absent. */
      readonly host?: string;
      readonly family?: 4 | 6;
      /** 0 lets the system choose. */
      readonly port: number;
    })
  | (Labelled & { readonly kind: "unix"; readonly path: string })
  /** A socket of its own in a new directory that only this user can enter; removed at the end. */
  | (Labelled & { readonly kind: "private" })
  /** Clients in virtual machines, or on their host; port 0 lets the system choose. */
  | (Labelled & { readonly kind: "vsock"; readonly port: number })
  /** One client on standard input and output. */
  | { readonly kind: "stdio" }
  /** Sockets that are listening already, passed by their descriptors (systemd's protocol). */
  | { readonly kind: "inherited"; readonly descriptors: readonly number[] };

interface Labelled {
  /** What SELinux is to call the socket. */
  readonly label?: string;
}

/** nbdkit(1), "-p": the port that IANA gave to NBD. */
export const defaultPort = 10_809;

/** nbdkit(1), "-t". */
export const threadsDefault = 16;

/** Nobody needs a minute to choose an export; whoever holds a connection open for longer is not going to. */
const handshakeTimeoutDefaultMs = 60_000;

/** Everything that there is. */
export const handshakeDefaults: HandshakeOptions = {
  style: "newstyle",
  flagsMask: 0xffff,
  structuredReplies: true,
  metaContexts: true,
  timeoutMs: handshakeTimeoutDefaultMs,
};
