import type { Client } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import type { Transport } from "../transport/transport.ts";

/** What plugins and filters get to know of a client. */
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

/** Tells everybody who works for a client that nobody waits for it any more. */
export function hasGone(client: AbortController): void {
  client.abort(new NbdError("ECONNRESET", "the client has gone"));
}

/** Whether somebody gave up for that reason, which needs no line in a log. */
export function isGone(client: AbortSignal, error: unknown): boolean {
  return client.aborted && error === client.reason;
}
