import type { HandshakeOptions } from "../connection/session.ts";
import type { Log } from "../core/log.ts";

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
}

export type ListenOptions =
  | {
      readonly kind: "tcp";
      /** Name or address; every local address when absent. */
      readonly host?: string;
      readonly family?: 4 | 6;
      /** 0 lets the system choose. */
      readonly port: number;
    }
  | { readonly kind: "unix"; readonly path: string }
  /** A socket of its own in a new directory that only this user can enter; removed at the end. */
  | { readonly kind: "private" }
  /** One client on standard input and output. */
  | { readonly kind: "stdio" }
  /** Sockets that are listening already, passed by their descriptors (systemd's protocol). */
  | { readonly kind: "inherited"; readonly descriptors: readonly number[] };
