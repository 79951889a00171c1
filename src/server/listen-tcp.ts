import { asError, codeOf, messageOf, NbdError } from "../core/errors.ts";
import { native } from "../native/load.ts";
import type { ListeningSocket } from "../transport/listening-socket.ts";
import { type Listener, listenerOf, openSocket } from "./listener.ts";
import type { ListenOptions } from "./server-options.ts";

/** Retries to find a port that is free in both address families. */
const freePortTriesMax = 10;

/**
 * Listens on a TCP port of all addresses of a host name, or of every local address.
 * @throws NbdError with one line that names the address
 */
export async function listenTcp({
  host,
  family,
  port,
  label,
}: ListenOptions & { readonly kind: "tcp" }): Promise<Listener> {
  const addresses = await localAddresses(host, family);
  let opened = openAll(addresses, port, label);
  // The kernel chose a port for one family, which may be in use in the other one: try again.
  for (
    let tries = 0;
    port === 0 && opened.failures.some(isAddressInUse) && tries < freePortTriesMax;
    tries++
  ) {
    for (const socket of opened.sockets) socket.close();
    opened = openAll(addresses, port, label);
  }
  // One address is enough, as for nbdkit: a host name may resolve to addresses that this machine lacks.
  const [first] = opened.sockets;
  if (first === undefined)
    throw opened.failures[0] ?? new NbdError("EADDRNOTAVAIL", `${host}: no such address`);
  return listenerOf(opened.sockets, { kind: "tcp", host: clientHost(host), port: first.address.port });
}

function openAll(
  addresses: readonly string[],
  port: number,
  label: string | undefined,
): { readonly sockets: readonly ListeningSocket[]; readonly failures: readonly Error[] } {
  const sockets: ListeningSocket[] = [];
  const failures: Error[] = [];
  for (const host of addresses) {
    const wanted = sockets[0]?.address.port ?? port;
    try {
      sockets.push(
        // IPv6 only: a socket for both families shows IPv4 clients with IPv6 addresses, which IPv4 rules do
        // not match.
        openSocket(`${host} port ${wanted}`, label, () => native().listenTcp(host, wanted, true)),
      );
    } catch (error) {
      failures.push(asError(error));
    }
  }
  return { sockets, failures };
}

function isAddressInUse(error: Error): boolean {
  return codeOf(error) === "EADDRINUSE";
}

async function localAddresses(
  host: string | undefined,
  family: 4 | 6 | undefined,
): Promise<readonly string[]> {
  if (host === "") throw new NbdError("EINVAL", "-i: the address is empty: omit it to use every address");
  if (host === undefined) {
    if (family === 4) return ["0.0.0.0"];
    if (family === 6) return ["::"];
    return ["0.0.0.0", "::"];
  }
  try {
    const { lookup } = await import("node:dns/promises");
    const found = await lookup(host, { all: true, family: family ?? 0 });
    return found.map(({ address }) => address);
  } catch (error) {
    throw new NbdError("EADDRNOTAVAIL", `cannot listen on ${host}: ${messageOf(error)}`, { cause: error });
  }
}

/** The host name under which a client on this machine connects. */
export function clientHost(host: string | undefined): string {
  return host === undefined || ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
}
