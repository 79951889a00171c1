import type { Negotiated } from "../protocol/server/host.ts";
import type { ServedExport } from "../served/served-export.ts";
import type { Transport } from "../transport/transport.ts";
import type { MovedConnection } from "./loop-protocol.ts";
import type { SessionSetup } from "./setup.ts";

/** A connection that is taking requests. */
export interface Under {
  readonly setup: SessionSetup;
  readonly transport: Transport;
  readonly exported: ServedExport;
  readonly negotiated: Negotiated;
}

/** Whether another thread can go on with it: requests that wait for each other, or need what lives here, cannot. */
export function canMove({ setup, transport, exported }: Under): boolean {
  const isPlain = transport.detach !== undefined && exported.transferable !== undefined;
  return isPlain && setup.chain.threadModel === "parallel";
}

/** Everything that the other thread needs; the transport is done with. */
export function asMoved({ setup, transport, exported, negotiated }: Under, rest: Buffer): MovedConnection {
  return {
    fd: transport.detach!(),
    peer: transport.peer,
    rest,
    handle: exported.transferable!,
    readOnly: setup.readOnly,
    replyForm: negotiated.replyForm,
    contexts: negotiated.contexts,
    requestsInFlight: setup.threads,
    verbose: setup.log.verbose,
  };
}
