// Connection migration: a connection whose handshake is complete can continue on a worker thread. The main
// thread detaches the socket while no request is in flight, and sends the worker thread the descriptor, the
// unused received bytes, the result of the handshake and a transferable handle. The main thread keeps
// ownership of the descriptor and closes it last.

import { must } from "../../core/assert.ts";
import type { Negotiated } from "../../protocol/server/host.ts";
import type { ServedExport } from "../../served/served-export.ts";
import type { Transport } from "../../transport/transport.ts";
import type { SessionSetup } from "../setup.ts";
import type { MigratedConnection } from "./messages.ts";

/** A connection in the transmission phase. */
export interface ActiveConnection {
  readonly setup: SessionSetup;
  readonly transport: Transport;
  readonly exported: ServedExport;
  readonly negotiated: Negotiated;
}

/**
 * Tells whether a connection can migrate. It needs a socket that can be detached and a transferable handle.
 * Its requests must not wait for requests of other connections, so the thread model must be parallel.
 */
export function canMigrate({ setup, transport, exported }: ActiveConnection): boolean {
  const isPlain = transport.detach !== undefined && exported.transferable !== undefined;
  return isPlain && setup.chain.threadModel === "parallel";
}

/**
 * Detaches the socket and describes the connection for a worker thread. The transport must not be used after
 * this.
 */
export function toMigrated(
  { setup, transport, exported, negotiated }: ActiveConnection,
  rest: Buffer,
): MigratedConnection {
  return {
    fd: must(transport.detach?.()),
    peer: transport.peer,
    rest,
    handle: must(exported.transferable),
    readOnly: setup.readOnly,
    replyForm: negotiated.replyForm,
    contexts: negotiated.contexts,
    requestsInFlight: setup.threads,
    verbose: setup.log.verbose,
  };
}
