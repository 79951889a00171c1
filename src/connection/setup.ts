import type { Chain } from "../chain/chain.ts";
import type { Gate } from "../core/gate.ts";
import type { Log } from "../core/log.ts";
import type { HandshakeOffers } from "../protocol/server/host.ts";
import type { Upgrade } from "../transport/upgrade.ts";
import type { Placement } from "./migration/placement.ts";

/** Options of the handshake. */
export interface HandshakeOptions extends HandshakeOffers {
  /** Which handshake the server begins with. Default "newstyle". */
  readonly style: "newstyle" | "oldstyle";
  /** Milliseconds until a client that has not chosen an export is disconnected. 0 means no limit. */
  readonly timeoutMs: number;
}

/** Whether TLS is disabled, allowed or required, and how a connection is upgraded. */
export interface SessionTls {
  readonly mode: "off" | "on" | "require";
  /** Present unless the mode is "off". */
  readonly upgrade?: Upgrade;
  /** Logs the properties of each TLS session (-D nbdkit.tls.session=1). */
  readonly logsSessions?: boolean;
}

/** The options and objects that all connections of a server share. */
export interface SessionSetup {
  readonly chain: Chain;
  /** -t: maximum number of requests of one connection in flight. */
  readonly threads: number;
  readonly readOnly: boolean;
  readonly handshake: HandshakeOptions;
  readonly tls: SessionTls;
  readonly log: Log;
  /** Serialises the requests of all connections, where the thread model requires it. */
  readonly requestGate: Gate;
  /** Distributes connections over worker threads. */
  readonly placement?: Placement;
  /** Serialises the connections, where the thread model requires it. */
  readonly connectionGate: Gate;
}
