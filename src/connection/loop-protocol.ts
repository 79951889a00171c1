import type { TransferableHandle } from "../contract/handle.ts";
import type { ReplyForm } from "../protocol/chunk.ts";
import type { MetaContext } from "../protocol/export-info.ts";
import type { Peer } from "../transport/transport.ts";

/** A connection after its handshake, as plain data that another thread can go on from. */
export interface MovedConnection {
  /** The socket. Only the other thread uses it, and only the one that gave it away closes it, once the other is done. */
  readonly fd: number;
  readonly peer: Peer;
  /** Bytes received that no request has used yet. */
  readonly rest: Uint8Array;
  readonly handle: TransferableHandle;
  readonly readOnly: boolean;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
  readonly requestsInFlight: number;
  readonly verbose: boolean;
}

/** What a thread is started with. */
export interface LoopData {
  readonly busyPollUs: number;
  /** Of the server's progress. */
  readonly progress: SharedArrayBuffer;
}

/** To the thread. Connections are told apart by numbers. */
export type ToLoop =
  | { readonly kind: "carry"; readonly id: number; readonly connection: MovedConnection }
  /** Take no further request, answer those in flight, then close. */
  | { readonly kind: "close"; readonly id: number }
  /** Close without answering. */
  | { readonly kind: "destroy"; readonly id: number };

/** From the thread. */
export type FromLoop =
  /** Connections can be sent. */
  | { readonly kind: "ready" }
  | { readonly kind: "error" | "debug"; readonly id: number; readonly message: string }
  /** The last word about a connection. */
  | { readonly kind: "finished"; readonly id: number };
