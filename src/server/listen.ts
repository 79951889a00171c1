import { resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { native } from "../native/load.ts";
import { ListeningSocket } from "../transport/listening-socket.ts";
import { stdioTransport } from "../transport/stdio.ts";
import type { Transport } from "../transport/transport.ts";
import type { ListenOptions } from "./options.ts";
import { PrivateDirectory } from "./private-directory.ts";
import { removeSocket, removeStaleSocket } from "./stale-socket.ts";

/** nbdkit(1), "-p": the port that IANA gave to NBD. */
export const defaultPort = 10_809;

/** Where clients can reach the server. */
export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /** No address that another program could connect to. */
  | { readonly kind: "none" };

export interface Listener {
  readonly endpoint: Endpoint;
  /** From here on clients are accepted; those that came before have been waiting. */
  accept(keepalive: boolean, connected: (transport: Transport) => void): void;
  /** No client is accepted any more; sockets and directories of ours are gone. Calling it again does nothing. */
  close(): void;
}

/**
 * Opens what the options name. The kernel queues clients from here on, so the address may be told to them.
 * @throws NbdError with one line that names the address
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  switch (options.kind) {
    case "tcp":
      return listenTcp(options.host, options.family, options.port);
    case "unix":
      return listenUnix(options.path);
    case "private":
      return listenPrivately();
    case "inherited":
      return listenInherited(options.descriptors);
    case "stdio":
      return {
        endpoint: { kind: "none" },
        accept: (_keepalive, connected) => connected(stdioTransport()),
        close: () => {},
      };
  }
}

async function listenTcp(
  host: string | undefined,
  family: 4 | 6 | undefined,
  port: number,
): Promise<Listener> {
  const addresses = await localAddresses(host, family);
  let opened = openAll(addresses, port);
  // The port that the system chose for one family may be taken in the other one.
  for (
    let tries = 0;
    port === 0 && opened.failures.some(isAddressInUse) && tries < freePortTriesMax;
    tries++
  ) {
    for (const socket of opened.sockets) socket.close();
    opened = openAll(addresses, port);
  }
  // One address is enough, as for nbdkit: a host name may stand for one that this machine lacks.
  const [first] = opened.sockets;
  if (first === undefined)
    throw opened.failures[0] ?? new NbdError("EADDRNOTAVAIL", `${host}: no such address`);
  return listenerOf(opened.sockets, { kind: "tcp", host: clientHost(host), port: first.address.port });
}

const freePortTriesMax = 10;

function openAll(
  addresses: readonly TcpAddress[],
  port: number,
): { readonly sockets: readonly ListeningSocket[]; readonly failures: readonly Error[] } {
  const sockets: ListeningSocket[] = [];
  const failures: Error[] = [];
  for (const { host, ipv6Only } of addresses) {
    const wanted = sockets[0]?.address.port ?? port;
    try {
      sockets.push(open(`${host} port ${wanted}`, () => native().listenTcp(host, wanted, ipv6Only === true)));
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return { sockets, failures };
}

function isAddressInUse(error: Error): boolean {
  return codeOf(error) === "EADDRINUSE";
}

type TcpAddress = { readonly host: string; readonly ipv6Only?: boolean };

async function localAddresses(
  host: string | undefined,
  family: 4 | 6 | undefined,
): Promise<readonly TcpAddress[]> {
  if (host === undefined || host === "") {
    // One socket for both families where the system has IPv6, else the second one serves.
    if (family === 4) return [{ host: "0.0.0.0" }];
    if (family === 6) return [{ host: "::", ipv6Only: true }];
    return [{ host: "0.0.0.0" }, { host: "::", ipv6Only: true }];
  }
  try {
    const { lookup } = await import("node:dns/promises");
    const found = await lookup(host, { all: true, family: family ?? 0 });
    return found.map(({ address }) => ({ host: address }));
  } catch (error) {
    throw new NbdError("EADDRNOTAVAIL", `cannot listen on ${host}: ${messageOf(error)}`, { cause: error });
  }
}

/** What a client on this machine should connect to. */
function clientHost(host: string | undefined): string {
  return host === undefined || ["", "0.0.0.0", "::"].includes(host) ? "localhost" : host;
}

/** Longest path that fits `sockaddr_un`. */
const socketPathBytesMax: number = process.platform === "linux" ? 107 : 103;

function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length > socketPathBytesMax) {
    throw new NbdError(
      "ENAMETOOLONG",
      `-U: path too long: length ${length} > max ${socketPathBytesMax} bytes: ${path}`,
    );
  }
}

function listenUnix(name: string): Listener {
  if (name === "")
    throw new NbdError("EINVAL", "-U: the path is empty: name a socket, or use - for a private one");
  // Absolute, because the socket is removed at the end, when we may be in another directory.
  const path = resolve(name);
  checkSocketPath(path);
  removeStaleSocket(path);
  const socket = open(path, () => native().listenUnix(path));
  const listener = listenerOf([socket], { kind: "unix", path });
  const close = (): void => {
    listener.close();
    removeSocket(path);
  };
  return { ...listener, close };
}

function listenPrivately(): Listener {
  const directory = new PrivateDirectory();
  const remove = (): void => directory.remove();
  try {
    const listener = listenUnix(directory.socketPath);
    // Also when something ends the process without asking us first.
    process.once("exit", remove);
    const close = (): void => {
      listener.close();
      process.off("exit", remove);
      remove();
    };
    return { ...listener, close };
  } catch (error) {
    remove();
    throw error;
  }
}

function listenInherited(descriptors: readonly number[]): Listener {
  const sockets = descriptors.map((fd) =>
    open(`descriptor ${fd}`, () => {
      native().adoptListener(fd);
      return fd;
    }),
  );
  const { family, host, port } = sockets[0]!.address;
  if (family === "unix") return listenerOf(sockets, { kind: "unix", path: host });
  return listenerOf(sockets, { kind: "tcp", host: "localhost", port });
}

function open(name: string, listening: () => number): ListeningSocket {
  try {
    return new ListeningSocket(listening());
  } catch (error) {
    const code = codeOf(error);
    const reason = reasons[code] ?? messageOf(error);
    throw new NbdError(code, `cannot listen on ${name}: ${reason}`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "Address already in use",
  EACCES: "Permission denied",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EADDRNOTAVAIL: "this machine has no such address",
};

function listenerOf(sockets: readonly ListeningSocket[], endpoint: Endpoint): Listener {
  return {
    endpoint,
    accept: (keepalive, connected) => {
      for (const socket of sockets) socket.accept(keepalive, connected);
    },
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
