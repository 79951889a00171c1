import { createConnection, type NetConnectOpts, type Socket } from "node:net";
import { StreamTransport } from "./stream.ts";
import type { Transport } from "./transport.ts";

/** A connected socket of Node's as a transport. */
export function socketTransport(socket: Socket): Transport {
  // NBD is a conversation of small messages: each must leave at once.
  socket.setNoDelay(true);
  const tcp = socket.remoteAddress !== undefined;
  return new StreamTransport(
    socket,
    socket,
    tcp ? { family: "tcp", address: socket.remoteAddress!, port: socket.remotePort! } : { family: "unix" },
  );
}

/** Where a server listens. */
export type Address = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/**
 * Connects to a server.
 * @throws Error with Node's code (ECONNREFUSED, ENOENT...), or the signal's reason
 */
export function connectSocket(address: Address, signal?: AbortSignal): Promise<Transport> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const target: NetConnectOpts = "socketPath" in address ? { path: address.socketPath } : { ...address };
    const socket = createConnection(target);
    const settle = (): void => {
      socket.off("error", fail);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal?.reason);
    signal?.addEventListener("abort", abort);
    socket.once("error", fail);
    socket.once("connect", () => {
      settle();
      resolve(socketTransport(socket));
    });
  });
}
