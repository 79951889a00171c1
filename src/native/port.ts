import { NbdError } from "../core/errors.ts";
import type { Range } from "../core/values.ts";
import { native } from "./load.ts";

/** TCP ports have 16 bits. */
export const tcpPortRange: Range = { min: 0, max: 2 ** 16 - 1 };

/**
 * Parses a TCP port, given as a number or as a service name (services(5)).
 * @param what the option or parameter, for the error
 * @throws NbdError EINVAL
 */
export function tcpPort(what: string, text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : native().servicePort(text);
  const { min, max } = tcpPortRange;
  if (port >= min && port <= max) return port;
  throw new NbdError(
    "EINVAL",
    `${what}: "${text}" is neither a port number from ${min} to ${max} nor the name of a TCP service`,
  );
}
