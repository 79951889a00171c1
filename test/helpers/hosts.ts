import type { Client, Host } from "../../src/contract/plugin.ts";
import { silentLog } from "../../src/core/log.ts";

/** For plugins whose words nobody reads. */
export const silentHost: Host = {
  ...silentLog,
  stdioSafe: true,
  debugFlag: () => 0,
  shutdown: () => {},
  stopping: new AbortController().signal,
};

/** Keeps the errors that it is told. */
export function listeningHost(): Host & { readonly errors: string[] } {
  const errors: string[] = [];
  return { ...silentHost, errors, error: (message) => void errors.push(message) };
}

/** A client of whom nothing is known, and who stays. */
export const someClient: Client = {
  readOnly: false,
  tls: false,
  signal: new AbortController().signal,
  disconnect: () => {},
};
