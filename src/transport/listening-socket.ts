import type { SocketAddress, Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { NativeSocket } from "./native-socket.ts";
import type { Transport, TransportPeer } from "./transport.ts";
import { unixPeer } from "./unix-peer.ts";

/**
 * Clients to accept in one event-loop iteration. A higher limit would delay the clients that are already
 * connected.
 */
const acceptedMax = 64;

/** Milliseconds to pause accepting when the process has no free file descriptor. */
const exhaustedMs = 100;

/** A listening socket. The kernel queues clients until `accept` is called. */
export class ListeningSocket {
  readonly address: SocketAddress;
  readonly #fd: number;
  #watch: Watch | undefined;
  #rest: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param fd a listening, non-blocking descriptor; `close` closes it */
  constructor(fd: number) {
    this.#fd = fd;
    this.address = native().localAddress(fd);
  }

  /** Starts to accept clients. @param keepalive enables TCP keepalive on their sockets */
  accept(keepalive: boolean, connected: (transport: Transport) => void): void {
    const watch = new (native().Watch)(this.#fd, () => this.#acceptSome(keepalive, connected));
    this.#watch = watch;
    watch.want(true, false);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#rest);
    this.#watch?.close();
    native().closeDescriptor(this.#fd);
  }

  #acceptSome(keepalive: boolean, connected: (transport: Transport) => void): void {
    for (let count = 0; count < acceptedMax && !this.#closed; count++) {
      const client = this.#next();
      if (client === undefined) return;
      if (keepalive) native().keepAlive(client.fd);
      connected(new NativeSocket(client.fd, peerOf(client)));
    }
  }

  #next(): ReturnType<ReturnType<typeof native>["acceptClient"]> {
    try {
      return native().acceptClient(this.#fd);
    } catch {
      // accept(2) failed for lack of descriptors or memory. Retry later; the kernel keeps the clients in its
      // queue.
      this.#watch?.want(false, false);
      this.#rest = setTimeout(() => this.#watch?.want(true, false), exhaustedMs);
      return undefined;
    }
  }
}

function peerOf({ family, host, port, fd }: SocketAddress & { readonly fd: number }): TransportPeer {
  return family === "unix" ? unixPeer(fd) : { family, address: host, port };
}
