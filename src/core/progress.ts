/** Counts what gets done, in all threads of a server, so that whoever waits for its end can tell what is slow from what is stuck. */
export class Progress {
  /** For the same count in another thread. */
  readonly shared: SharedArrayBuffer;
  readonly #count: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new Int32Array(shared);
  }

  /** Something that others wait for is done: a request, a call of a plugin or filter; or a client has taken bytes. */
  made(): void {
    Atomics.add(this.#count, 0, 1);
  }

  /** Another number than before when something got done; it means nothing by itself. */
  get count(): number {
    return Atomics.load(this.#count, 0);
  }
}
