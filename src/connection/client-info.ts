import type { Client } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import type { Transport } from "../transport/transport.ts";

/** Describes a client to plugins and filters. */
export function clientOf(
  { tls, ...peer }: Transport["peer"],
  readOnly: boolean,
  signal: AbortSignal,
  disconnect: (force: boolean) => void,
): Client {
  return {
    readOnly,
    tls: tls !== undefined,
    peer,
    ...(tls?.dn === undefined ? {} : { tlsDn: tls.dn }),
    ...(tls?.issuerDn === undefined ? {} : { tlsIssuerDn: tls.issuerDn }),
    signal,
    disconnect,
  };
}

/** Aborts the signal of a client that has disconnected: its requests need no answer any more. */
export function clientDisconnected(client: AbortController): void {
  client.abort(new NbdError("ECONNRESET", "the client has gone"));
}

/** Tells whether an error is the abort by {@link clientDisconnected}, which is not logged as an error. */
export function isClientDisconnect(client: AbortSignal, error: unknown): boolean {
  return client.aborted && error === client.reason;
}
