import type { Client, Host } from "../../src/contract/plugin.ts";
import { silentLog } from "../../src/core/log.ts";

/** A host that discards all messages. */
export const silentHost: Host = {
  ...silentLog,
  stdioSafe: true,
  debugFlag: () => 0,
  shutdown: () => {},
  stopping: new AbortController().signal,
};

/** Returns a host that records errors. */
export function listeningHost(): Host & { readonly errors: string[] } {
  const errors: string[] = [];
  return { ...silentHost, errors, error: (message) => void errors.push(message) };
}

/** A client without an address that never disconnects. */
export const someClient: Client = {
  readOnly: false,
  tls: false,
  signal: new AbortController().signal,
  disconnect: () => {},
};
