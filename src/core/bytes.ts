/**
 * Bytes that have arrived and are not yet used. Nothing is copied unless one `take` spans several chunks.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Removes exactly `length` bytes; the caller has checked that they are there. */
  take(length: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || length === 0) return Buffer.alloc(0);
    this.#length -= length;
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) {
      this.#chunks.shift();
      return first;
    }
    return this.#gather(length);
  }

  /** Removes everything, in one piece. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  #gather(length: number): Buffer {
    const gathered = Buffer.allocUnsafe(length);
    let filled = 0;
    let used = 0;
    while (filled < length) {
      const chunk = this.#chunks[used]!;
      const copied = chunk.copy(gathered, filled, 0, Math.min(chunk.length, length - filled));
      filled += copied;
      if (copied < chunk.length) this.#chunks[used] = chunk.subarray(copied);
      else used++;
    }
    this.#chunks.splice(0, used);
    return gathered;
  }
}
