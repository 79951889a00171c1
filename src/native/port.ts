import { NbdError } from "../core/errors.ts";
import { native } from "./load.ts";

/** A port of TCP has 16 bits. */
const tcpPortMax = 65_535;

/**
 * A TCP port that is given as a number or by the name of a service (services(5)).
 * @param what names it in the error
 * @throws NbdError EINVAL
 */
export function tcpPort(what: string, text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : native().servicePort(text);
  if (port >= 0 && port <= tcpPortMax) return port;
  throw new NbdError(
    "EINVAL",
    `${what}: "${text}" is neither a port number from 0 to ${tcpPortMax} nor the name of a TCP service`,
  );
}
