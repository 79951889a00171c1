import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import type { SocketAddress } from "../native/binding.ts";
import { ListeningSocket } from "../transport/listening-socket.ts";
import type { Transport } from "../transport/transport.ts";
import { labelled } from "./socket-label.ts";

/** The address of a server, as `NbdServer.address` gives it. */
export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /**
   * A vsock address: the machine's number (CID) and a port, for clients in virtual machines or on their host.
   */
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number }
  /** A server without an address, which no other program can connect to. */
  | { readonly kind: "none" };

export interface Listener {
  readonly endpoint: Endpoint;
  /** What the listener has opened, in nbdkit's words, for the log. */
  readonly opened: readonly string[];
  /** Starts accepting clients, first those that the kernel has queued. */
  accept(keepalive: boolean, connected: (transport: Transport) => void): void;
  /** Stops accepting clients, and removes our sockets and directories. Further calls do nothing. */
  close(): void;
}

/** A listener of one or several sockets. */
export function listenerOf(
  sockets: readonly ListeningSocket[],
  endpoint: Endpoint,
  opened: readonly string[] = sockets.map(({ address }) => `bound to ${addressText(address)}`),
): Listener {
  return {
    endpoint,
    opened,
    accept: (keepalive, connected) => {
      for (const socket of sockets) socket.accept(keepalive, connected);
    },
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

function addressText({ family, host, port }: SocketAddress): string {
  switch (family) {
    case "unix":
      return `unix socket ${host}`;
    case "tcp":
      return host.includes(":") ? `IPv6 address [${host}]:${port}` : `IPv4 address ${host}:${port}`;
    case "vsock":
      return `vsock any:${port}`;
  }
}

/**
 * Opens a listening socket, with an SELinux label if one is given.
 * @throws NbdError with one line that names the address
 */
export function openSocket(
  name: string,
  label: string | undefined,
  listening: () => number,
): ListeningSocket {
  try {
    return new ListeningSocket(labelled(label, listening));
  } catch (error) {
    const code = codeOf(error);
    const reason = reasons[code] ?? messageOf(error);
    throw new NbdError(code, `cannot listen on ${name}: ${reason}`, { cause: error, retold: true });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "Address already in use",
  EACCES: "Permission denied",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTSUP: "this system has no such sockets",
  EAFNOSUPPORT: "this system has no such sockets",
};
