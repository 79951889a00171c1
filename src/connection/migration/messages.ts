import type { TransferableHandle } from "../../contract/handle.ts";
import type { ReplyForm } from "../../protocol/chunk.ts";
import type { MetaContext } from "../../protocol/export-info.ts";
import type { TransportPeer } from "../../transport/transport.ts";

/** A connection after its handshake, as plain data that is sent to a worker thread. */
export interface MigratedConnection {
  /**
   * The socket. The worker thread uses it. The main thread closes it after the worker thread has finished
   * with it.
   */
  readonly fd: number;
  readonly peer: TransportPeer;
  /** Received bytes that no request has used yet. */
  readonly rest: Uint8Array;
  readonly handle: TransferableHandle;
  readonly readOnly: boolean;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
  readonly requestsInFlight: number;
  readonly verbose: boolean;
}

/** The `workerData` of a worker thread. */
export interface WorkerData {
  readonly busyPollUs: number;
  /** The shared memory of the progress counter of the server. */
  readonly progress: SharedArrayBuffer;
}

/** A message to the worker thread. A number identifies each connection. */
export type ToWorker =
  | { readonly kind: "migrate"; readonly id: number; readonly connection: MigratedConnection }
  /** Take no further request, answer those in flight, then close. */
  | { readonly kind: "close"; readonly id: number }
  /** Close without answering. */
  | { readonly kind: "destroy"; readonly id: number };

/** A message from the worker thread. */
export type FromWorker =
  /** The worker thread accepts connections. */
  | { readonly kind: "ready" }
  | { readonly kind: "error" | "debug"; readonly id: number; readonly message: string }
  /** The connection has ended. No message about it follows. */
  | { readonly kind: "finished"; readonly id: number };
