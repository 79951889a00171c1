import { createConnection, type NetConnectOpts, type Socket } from "node:net";
import { StreamTransport } from "./stream.ts";
import type { Transport } from "./transport.ts";

/** Makes a transport of a connected socket of Node. */
export function socketTransport(socket: Socket): Transport {
  // NBD messages are small and each is waited for, so Nagle's algorithm would only delay them.
  socket.setNoDelay(true);
  const { remoteAddress: address, remotePort: port } = socket;
  const isTcp = address !== undefined && port !== undefined;
  return new StreamTransport(socket, socket, isTcp ? { family: "tcp", address, port } : { family: "unix" });
}

/** The address of a server. */
export type Address = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/**
 * Connects to a server.
 * @throws Error with the code of Node (ECONNREFUSED, ENOENT...), or the reason of the signal
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
