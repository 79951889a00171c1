/**
 * Counts finished work in all threads of a server. Shutdown watches the count to distinguish slow requests
 * from stuck ones.
 */
export class Progress {
  /** Pass it to another thread to share the count. */
  readonly shared: SharedArrayBuffer;
  readonly #count: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new Int32Array(shared);
  }

  /**
   * Call it when a request, or a call of a plugin or filter, is done, or when a client has received bytes.
   */
  made(): void {
    Atomics.add(this.#count, 0, 1);
  }

  /** Changes whenever something gets done. The number itself has no meaning. */
  get count(): number {
    return Atomics.load(this.#count, 0);
  }
}
