/** Chunks below this are gathered, since a peer that sends byte by byte must not cost us a buffer for each. */
const smallChunkBytes = 1024;
const slabBytes = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/**
 * Bytes that have arrived and are not yet used. Nothing is copied unless one `take` spans several chunks,
 * or many small chunks pile up.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Room for small chunks; the part in use is the last of the chunks. */
  #slab: Buffer = nothing;
  #slabUsed = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (chunk.length < smallChunkBytes && this.#length > 0) this.#append(chunk);
    else this.#chunks.push(chunk);
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
    return this.#waitForBytes(length);
  }

  /** Removes everything, in one piece. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  #append(chunk: Buffer): void {
    const last = this.#chunks.at(-1)!;
    const end = this.#slab.byteOffset + this.#slabUsed;
    const lastEndsThere = last.buffer === this.#slab.buffer && last.byteOffset + last.length === end;
    const fits = this.#slabUsed + chunk.length <= this.#slab.length;
    if (!fits) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#slabUsed = 0;
    }
    const start = this.#slabUsed;
    this.#slabUsed += chunk.copy(this.#slab, start);
    if (fits && lastEndsThere) {
      this.#chunks[this.#chunks.length - 1] = this.#slab.subarray(start - last.length, this.#slabUsed);
    } else {
      this.#chunks.push(this.#slab.subarray(start, this.#slabUsed));
    }
  }

  #waitForBytes(length: number): Buffer {
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
