import { must } from "../core/assert.ts";
import type { SocketAddress } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { stdioTransport } from "../transport/stdio.ts";
import type { Keeper } from "./keeper.ts";
import { clientHost, listenTcp } from "./listen-tcp.ts";
import { listenPrivately, listenUnix } from "./listen-unix.ts";
import { type Endpoint, type Listener, listenerOf, openSocket } from "./listener.ts";
import type { ListenOptions } from "./server-options.ts";

/**
 * Opens the listening sockets. The kernel queues clients from here on, so the address may be published.
 * @param keeper removes a private directory if this process is killed
 * @throws NbdError with one line that names the address
 */
export async function listen(options: ListenOptions, keeper: Keeper | undefined): Promise<Listener> {
  switch (options.kind) {
    case "tcp":
      return listenTcp(options);
    case "unix":
      return listenUnix(options.path, options.label);
    case "private":
      return listenPrivately(options.label, keeper);
    case "vsock":
      return listenVsock(options.port, options.label);
    case "inherited":
      return listenInherited(options.descriptors, options.names);
    case "stdio":
      return {
        endpoint: { kind: "none" },
        opened: ["listening on standard input and output"],
        accept: (_keepalive, connected) => connected(stdioTransport()),
        close: () => {},
      };
  }
}

/** The local CID (vsock(7)): the URI is for clients on the same machine. */
const localCid = 1;

function listenVsock(port: number, label: string | undefined): Listener {
  const socket = openSocket(`vsock port ${port}`, label, () => native().listenVsock(port));
  return listenerOf([socket], endpointOf(socket.address));
}

function listenInherited(descriptors: readonly number[], names: readonly string[] = []): Listener {
  const sockets = descriptors.map((fd) =>
    openSocket(`descriptor ${fd}`, undefined, () => {
      native().adoptListener(fd);
      native().own(fd);
      return fd;
    }),
  );
  const opened = descriptors.map((fd, index) => {
    const name = names[index] ?? "";
    return `socket activation: listening on fd ${fd}${name === "" ? "" : ` (${name})`}`;
  });
  return listenerOf(sockets, endpointOf(must(sockets[0]).address), opened);
}

function endpointOf({ family, host, port }: SocketAddress): Endpoint {
  switch (family) {
    case "unix":
      return { kind: "unix", path: host };
    case "vsock":
      return { kind: "vsock", cid: localCid, port };
    case "tcp":
      return { kind: "tcp", host: clientHost(host), port };
  }
}
