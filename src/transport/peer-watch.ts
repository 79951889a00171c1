import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";

export interface PeerWatchEvents {
  /** The peer sends no more than what the system holds already. */
  ended(): void;
  /** It takes nothing either. */
  hungUp(): void;
}

/** Tells how the peer of a socket leaves, whether or not those who use the socket are reading. */
export class PeerWatch {
  /** A copy, since libuv lets nobody else watch a descriptor of Node's streams. */
  readonly #fd: number;
  readonly #watch: Watch;
  #hasEnded = false;
  #closed = false;

  /** @param fd stays the caller's */
  constructor(fd: number, events: PeerWatchEvents) {
    this.#fd = native().duplicate(fd);
    this.#watch = new (native().Watch)(this.#fd, () => {
      this.#watch.want(false, false);
      if (this.#hasEnded) events.hungUp();
      else events.ended();
    });
    this.#watch.want(false, false, true);
  }

  /** To be called when all that the peer has sent was read: only then is its hanging up all that is left to hear. */
  ended(): void {
    if (this.#closed) return;
    this.#hasEnded = true;
    this.#watch.want(false, false, false, true);
  }

  /** To be called when the socket is closed, which the peer sees only then. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    native().closeDescriptor(this.#fd);
  }
}
