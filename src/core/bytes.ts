import { must } from "./assert.ts";

/**
 * Chunks below this size are copied into a shared slab. A peer that sends byte by byte must not cost one
 * buffer per byte.
 */
const smallChunkBytes = 1024;
const slabBytes = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/**
 * A queue of received bytes that are not yet used. Bytes are copied only when one `take` spans several
 * chunks, or when many small chunks are queued.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;
  /** The buffer for small chunks. Its used part is the last chunk of the queue. */
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

  /** Removes and returns exactly `length` bytes. The caller has checked that the queue holds them. */
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
    return this.#joinChunks(length);
  }

  /** Removes and returns all bytes as one buffer. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  #append(chunk: Buffer): void {
    const last = must(this.#chunks.at(-1));
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

  #joinChunks(length: number): Buffer {
    const joined = Buffer.allocUnsafe(length);
    let filled = 0;
    let used = 0;
    while (filled < length) {
      const chunk = must(this.#chunks[used]);
      const copied = chunk.copy(joined, filled, 0, Math.min(chunk.length, length - filled));
      filled += copied;
      if (copied < chunk.length) this.#chunks[used] = chunk.subarray(copied);
      else used++;
    }
    this.#chunks.splice(0, used);
    return joined;
  }
}
