import type { SendQueue } from "./send-queue.ts";
import type { TlsPeer, Upgrade } from "./upgrade.ts";

/**
 * A connection: received bytes are pushed to a {@link Receiver}, and bytes to send go into `sendQueue`.
 * `NativeSocket` (plain sockets of the server) and `StreamTransport` (TLS, standard input, the client)
 * implement it.
 */
export interface Transport {
  /**
   * Passes every event from now on to this receiver, in order. The first call starts the transport. A later
   * call replaces the receiver: the handshake is followed by the transmission.
   */
  deliverTo(receiver: Receiver): void;
  /** The only way to send. `startTls` returns a transport with another queue. */
  readonly sendQueue: SendQueue;
  /** True when the bytes passed to `received` are a borrowed buffer, valid only until `received` returns. */
  readonly reusesReceiveBuffer?: boolean;
  /**
   * Upgrades the connection to TLS. Use the returned transport from then on; this object may only be
   * destroyed. Write nothing until the promise resolves. When it rejects, the connection is closed and
   * `closed` has been called.
   */
  startTls(upgrade: Upgrade): Promise<Transport>;
  /** False when the connection is closing or closed. The receiver may get `closed` later. */
  readonly isOpen?: boolean;
  /**
   * Stops using the descriptor and returns it, so that another thread can use it. Present when the transport
   * supports it. The calling thread must close the descriptor with `closeDescriptor` of the native addon.
   */
  detach?(): number;
  /** Stops calls of `received` until `resume`. The peer has to wait when its send window is full. */
  pause(): void;
  /** Continues calls of `received`. */
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes immediately. */
  destroy(): void;
  /** The other end of the connection. */
  readonly peer: TransportPeer;
}

/**
 * Receives the events of a transport. Each call happens outside of any call into the transport, except
 * `received` after `resume`.
 */
export interface Receiver {
  /** Bytes from the peer. */
  received(bytes: Buffer): void;
  /**
   * The buffer for the next bytes, if it is known. A transport that fills it directly calls `filled`, then
   * `received`.
   */
  missing?(): Part | undefined;
  /** So many bytes were written to the buffer that `missing` returned. */
  filled?(bytes: number): void;
  /** The peer has sent EOF. */
  ended(): void;
  /** The peer has accepted some of the backlog. */
  taken?(): void;
  /** The backlog is low again. */
  drained(): void;
  /** The connection is closed. No event follows. The error is undefined after an orderly close. */
  closed(error?: Error): void;
}

/** A range of a buffer, in bytes. */
export interface Part {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The other end of a connection, as far as the operating system reports it. */
export interface TransportPeer {
  readonly family: "tcp" | "unix" | "vsock" | "stdio";
  /** IP address, or the context id (CID) of a machine (vsock). Absent for the other families. */
  readonly address?: string;
  readonly port?: number;
  /** The process and the user that connected to a Unix socket, as far as the system reports them. */
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly securityContext?: string;
  /** Present on a connection with TLS. */
  readonly tls?: TlsPeer;
}

/** Receives the events of a transport that nothing uses yet. */
export const noReceiver: Receiver = { received() {}, ended() {}, drained() {}, closed() {} };
