import { existsSync } from "node:fs";
import { createServer, type ListenOptions as NetListenOptions, type Server, type Socket } from "node:net";
import { dirname, resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { socketTransport } from "../transport/socket.ts";
import { stdioTransport } from "../transport/stdio.ts";
import type { Transport } from "../transport/transport.ts";
import type { ListenOptions } from "./options.ts";
import { PrivateDirectory } from "./private-directory.ts";

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
  let opened = await openAll(addresses, port);
  // The port that the system chose for one family may be taken in the other one.
  for (
    let tries = 0;
    port === 0 && opened.failures.some(isAddressInUse) && tries < freePortTriesMax;
    tries++
  ) {
    for (const server of opened.servers) server.close();
    opened = await openAll(addresses, port);
  }
  // One address is enough, as for nbdkit: a host name may stand for one that this machine lacks.
  const [first] = opened.servers;
  if (first === undefined)
    throw opened.failures[0] ?? new NbdError("EADDRNOTAVAIL", `${host}: no such address`);
  return listenerOf(opened.servers, { kind: "tcp", host: clientHost(host), port: portOf(first) });
}

const freePortTriesMax = 10;

async function openAll(
  addresses: readonly TcpAddress[],
  port: number,
): Promise<{ readonly servers: readonly Server[]; readonly failures: readonly Error[] }> {
  const servers: Server[] = [];
  const failures: Error[] = [];
  for (const address of addresses) {
    const wanted = servers[0] === undefined ? port : portOf(servers[0]);
    try {
      servers.push(await open({ ...address, port: wanted }, `${address.host} port ${wanted}`));
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return { servers, failures };
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

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Longest path that fits `sockaddr_un`; Node would cut a longer one and listen somewhere else. */
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

async function listenUnix(name: string): Promise<Listener> {
  if (name === "")
    throw new NbdError("EINVAL", "-U: the path is empty: name a socket, or use - for a private one");
  // Absolute, because the socket is removed at the end, when we may be in another directory.
  const path = resolve(name);
  checkSocketPath(path);
  return listenerOf([await open({ path }, path)], { kind: "unix", path });
}

async function listenPrivately(): Promise<Listener> {
  const directory = new PrivateDirectory();
  const remove = (): void => directory.remove();
  try {
    const listener = await listenUnix(directory.socketPath);
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

async function listenInherited(descriptors: readonly number[]): Promise<Listener> {
  const servers = await Promise.all(
    descriptors.map((fd) => open({ fd } as NetListenOptions, `descriptor ${fd}`)),
  );
  const first = servers[0]?.address();
  if (typeof first === "string") return listenerOf(servers, { kind: "unix", path: first });
  return listenerOf(servers, { kind: "tcp", host: "localhost", port: first?.port ?? defaultPort });
}

function open(options: NetListenOptions, name: string): Promise<Server> {
  return new Promise((opened, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = codeInListening(error, options.path);
      const reason = reasons[code] ?? error.message;
      reject(new NbdError(code, `cannot listen on ${name}: ${reason}`, { cause: error }));
    });
    server.listen(options, () => {
      server.removeAllListeners("error");
      opened(server);
    });
  });
}

/** For a path in a directory that is not there, Node says EACCES, as Windows does. */
function codeInListening(error: Error, path: string | undefined): string {
  const code = codeOf(error);
  return code === "EACCES" && path !== undefined && !existsSync(dirname(path)) ? "ENOENT" : code;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "Address already in use",
  EACCES: "Permission denied",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EADDRNOTAVAIL: "this machine has no such address",
};

/** Clients that connect before `accept` wait here, paused. */
function listenerOf(servers: readonly Server[], endpoint: Endpoint): Listener {
  const early: Socket[] = [];
  let deliver = (socket: Socket): void => void early.push(socket);
  for (const server of servers) server.on("connection", (socket) => deliver(socket));
  return {
    endpoint,
    accept: (keepalive, connected) => {
      deliver = (socket) => {
        if (keepalive) socket.setKeepAlive(true);
        connected(socketTransport(socket));
      };
      for (const socket of early.splice(0)) deliver(socket);
    },
    close: () => {
      for (const server of servers) server.close();
      for (const socket of early.splice(0)) socket.destroy();
    },
  };
}
