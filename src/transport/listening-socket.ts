import type { SocketAddress, Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { NativeSocket } from "./native-socket.ts";
import type { Peer, Transport } from "./transport.ts";
import { unixPeer } from "./unix-peer.ts";

/** New clients in one turn of the loop; more would keep those waiting that are there already. */
const acceptedMax = 64;

/** How long to accept nobody, in ms, when the system has no descriptor left for another client. */
const exhaustedMs = 100;

/** A socket that clients connect to. The kernel lets them wait until `accept`. */
export class ListeningSocket {
  readonly address: SocketAddress;
  readonly #fd: number;
  #watch: Watch | undefined;
  #rest: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param fd listens and does not block; closed with this object */
  constructor(fd: number) {
    this.#fd = fd;
    this.address = native().localAddress(fd);
  }

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
      // No descriptor or no memory is left (accept(2)): clients go on waiting until somebody has left.
      this.#watch!.want(false, false);
      this.#rest = setTimeout(() => this.#watch!.want(true, false), exhaustedMs);
      return undefined;
    }
  }
}

function peerOf({ family, host, port, fd }: SocketAddress & { readonly fd: number }): Peer {
  return family === "unix" ? unixPeer(fd) : { family, address: host, port };
}
