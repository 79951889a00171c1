import type { Chain } from "../chain/chain.ts";
import type { Gate } from "../core/gate.ts";
import type { Log } from "../core/log.ts";
import type { HandshakeOffers } from "../protocol/server/host.ts";
import type { Upgrade } from "../transport/upgrade.ts";
import type { Placement } from "./placement.ts";

/** How clients are greeted. */
export interface HandshakeOptions extends HandshakeOffers {
  readonly style: "newstyle" | "oldstyle";
  /** A client that has not chosen an export after so long is cut off; 0 is no limit. */
  readonly timeoutMs: number;
}

/** Whether clients may or must encrypt, and how. */
export interface SessionTls {
  readonly mode: "off" | "on" | "require";
  /** Present unless the mode is "off". */
  readonly upgrade?: Upgrade;
}

/** What all connections of a server share. */
export interface SessionSetup {
  readonly chain: Chain;
  /** -t: requests of one connection that are worked on at once. */
  readonly threads: number;
  readonly readOnly: boolean;
  readonly handshake: HandshakeOptions;
  readonly tls: SessionTls;
  readonly log: Log;
  /** One request of all connections at a time, where the thread model asks for it. */
  readonly requestGate: Gate;
  /** Where connections can go on that need nothing of this loop. */
  readonly placement?: Placement;
  /** One connection at a time, likewise. */
  readonly connectionGate: Gate;
}
