import type { Handle } from "../../contract/handle.ts";

export type Mode = "emulate" | "plugin" | "disable" | "unsafe";

/** One connection of a group, and whether its own cache may differ from the disk. */
export class Connection {
  readonly mode: Mode;
  /** The number of the last change that this connection made; see {@link Group}. */
  wrote = 0;
  /** Changes up to this number are covered by a flush of this connection. */
  flushed = 0;
  /** It has read since its last flush began. */
  read = false;
  /** Settles when no flush is running. It never rejects. */
  idle: Promise<void> = Promise.resolve();
  readonly #next: Handle;

  constructor(next: Handle, mode: Mode) {
    this.#next = next;
    this.mode = mode;
  }

  /** One flush of this connection covers all connections. */
  get isConsistent(): boolean {
    return this.#next.multiConn === true;
  }

  async flush(): Promise<void> {
    const { idle: before, read } = this;
    this.read = false;
    const flushing = (async () => this.#next.flush?.())();
    this.idle = flushing.then(
      () => before,
      () => before,
    );
    try {
      await flushing;
    } catch (error) {
      this.read ||= read;
      throw error;
    }
  }
}
