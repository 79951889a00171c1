import type { SendQueue } from "./send-queue.ts";
import type { TlsPeer, Upgrade } from "./upgrade.ts";

/**
 * A connection as the engine sees it: bytes pushed in, bytes taken out. `native-socket.ts`, `socket.ts` and `stdio.ts`
 * make them; the same engine runs over all.
 */
export interface Transport {
  /** Called once: from here on the receiver hears of everything, in order. */
  start(receiver: Receiver): void;
  /** Queues the bytes, which must stay untouched. After `end` or `destroy` it does nothing. */
  write(bytes: Buffer): void;
  /** Bytes written that the peer has not taken. The writer keeps it bounded; `drained` says when it is low again. */
  readonly backlogBytes: number;
  /** Present where there is a better way to send than `write`. */
  readonly sendQueue?: SendQueue;
  /** Received bytes are the receiver's only until `received` returns; otherwise they are its own. */
  readonly lends?: boolean;
  /**
   * The same connection, encrypted from here on; this object is not to be used any more, save to destroy it. Nothing
   * may be written until it resolves; when it rejects, the connection is over and `closed` has been called.
   */
  startTls(upgrade: Upgrade): Promise<Transport>;
  /** False once it is closing or closed, of which the receiver may hear only later. */
  readonly isOpen?: boolean;
  /**
   * Present where another thread can go on with the descriptor that it returns; this object is done with then. The descriptor stays
   * this thread's to close, with the addon's `closeDescriptor`.
   */
  detach?(): number;
  /** Stops `received` until `resume`: whoever does not keep up makes the peer wait. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  readonly peer: Peer;
}

/** Each call happens outside of any call made on the transport, save `received` after `resume`. */
export interface Receiver {
  received(bytes: Buffer): void;
  /** Where the next bytes belong: a transport that can put them there says how many with `filled`, then `received`. */
  missing?(): Part | undefined;
  filled?(bytes: number): void;
  /** The peer will send no more. */
  ended(): void;
  /** The peer has taken some of what waited for it. */
  taken?(): void;
  /** There is room for more again. */
  drained(): void;
  /** Nothing comes after this. The error is the connection's, absent when it closed in order. */
  closed(error?: Error): void;
}

/** Part of a buffer. */
export interface Part {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Who is at the other end, as far as the system tells. */
export interface Peer {
  readonly family: "tcp" | "unix" | "vsock" | "stdio";
  /** IP address, or the number of a machine (vsock); absent for the other families. */
  readonly address?: string;
  readonly port?: number;
  /** Who connected, over a Unix socket, as far as the system tells. */
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly securityContext?: string;
  /** Present on an encrypted connection. */
  readonly tls?: TlsPeer;
}

/** A writer with more than this outstanding should wait for `drained`. */
export const backlogBytesMax: number = 4 * 1024 * 1024;
