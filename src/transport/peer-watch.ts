import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";

/** Events of a {@link PeerWatch}. */
export interface PeerWatchEvents {
  /** The peer has sent EOF. The kernel may still hold bytes of the peer. */
  ended(): void;
  /** The peer does not accept bytes any more either. */
  hungUp(): void;
}

/** Reports when the peer of a socket disconnects, also while the stream of the socket is paused. */
export class PeerWatch {
  /** A duplicate, because libuv does not allow a second watcher on a descriptor of a Node stream. */
  readonly #fd: number;
  readonly #watch: Watch;
  #hasEnded = false;
  #closed = false;

  /** @param fd a descriptor, which the caller closes */
  constructor(fd: number, events: PeerWatchEvents) {
    this.#fd = native().duplicate(fd);
    this.#watch = new (native().Watch)(this.#fd, () => {
      this.#watch.want(false, false);
      if (this.#hasEnded) events.hungUp();
      else events.ended();
    });
    this.#watch.want(false, false, true);
  }

  /**
   * Call this when everything that the peer sent has been read. From then on only the hang-up is reported.
   */
  ended(): void {
    if (this.#closed) return;
    this.#hasEnded = true;
    this.#watch.want(false, false, false, true);
  }

  /** Call this when the socket is closed. The duplicate keeps the connection open until then. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    native().closeDescriptor(this.#fd);
  }
}
