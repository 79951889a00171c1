import { NbdError } from "../core/errors.ts";
import type { Range } from "../core/values.ts";
import { native } from "./load.ts";

/** A port of TCP has 16 bits. */
export const tcpPortRange: Range = { min: 0, max: 2 ** 16 - 1 };

/**
 * A TCP port that is given as a number or by the name of a service (services(5)).
 * @param what names it in the error
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
