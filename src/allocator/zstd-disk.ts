import * as zlib from "node:zlib";
import type { BlockSize, Handle } from "../contract/handle.ts";
import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { zeroBytes } from "../core/zero-runs.ts";
import { forEachPiece } from "../served/pieces.ts";
import { PageTable } from "./page-table.ts";

/**
 * The unit of compression in bytes. A smaller page compresses worse; a larger page makes small writes slower.
 */
export const pageBytes: number = 32 * 1024;

/**
 * A request of at most this many bytes runs in one event-loop iteration. A larger one is split, because a
 * page takes about 0.1 ms and other requests must not wait for all of them.
 */
const inlineBytesMax = 8 * pageBytes;

/** Compresses and decompresses pages. */
export interface Codec {
  compress(bytes: Uint8Array): Buffer;
  decompress(bytes: Uint8Array): Buffer;
}

/** The type declarations of Node 20 lack zstd. It is called only on versions that have it. */
const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as Record<
  "zstdCompressSync" | "zstdDecompressSync",
  (bytes: Uint8Array) => Buffer
>;
const zstd: Codec = { compress: zstdCompressSync, decompress: zstdDecompressSync };

/** A disk in memory whose pages are compressed. A page of zeroes takes no memory and is a hole. */
export class ZstdDisk implements Handle {
  readonly size: bigint;
  readonly identity = "compressed memory";
  readonly multiConn = true;
  /**
   * FUA needs no work: memory never survives a power failure, so a completed write is as durable as possible.
   */
  readonly nativeFua = true;
  readonly fastZero = true;
  readonly blockSize: BlockSize = { minimum: 1, preferred: pageBytes, maximum: 64 * 1024 * 1024 };
  readonly #pages: PageTable = new PageTable();
  readonly #codec: Codec;

  constructor(size: bigint, codec: Codec = zstd) {
    this.size = size;
    this.#codec = codec;
  }

  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    return pageByPage(offset, into.length, (page, start, end, before) => {
      const stored = this.#pages.get(page);
      const part = into.subarray(before, before + end - start);
      if (stored === undefined) part.fill(0);
      else part.set(this.#codec.decompress(stored).subarray(start, end));
    });
  }

  write(from: Uint8Array, offset: bigint): MaybePromise<void> {
    return pageByPage(offset, from.length, (page, start, end, before) => {
      this.#change(page, (bytes) => bytes.set(from.subarray(before, before + end - start), start));
    });
  }

  zero(offset: bigint, length: number): void {
    const end = offset + BigInt(length);
    const [first, last] = [Number(offset / BigInt(pageBytes)), Number((end - 1n) / BigInt(pageBytes))];
    for (const page of this.#pages.within(first, last)) {
      const start = BigInt(page) * BigInt(pageBytes);
      const from = offset > start ? Number(offset - start) : 0;
      const to = end < start + BigInt(pageBytes) ? Number(end - start) : pageBytes;
      if (to - from === pageBytes) this.#pages.delete(page);
      else this.#change(page, (bytes) => bytes.fill(0, from, to));
    }
  }

  trim(offset: bigint, length: number): void {
    this.zero(offset, length);
  }

  flush(): void {}

  cache(): void {}

  /** Extents end at page boundaries, so the last one may extend past the range. */
  extents(offset: bigint, length: number): readonly Extent[] {
    const bytes = BigInt(pageBytes);
    const end = offset + BigInt(length);
    const found: Extent[] = [];
    let at = offset;
    for (const page of this.#pages.within(Number(offset / bytes), Number((end - 1n) / bytes))) {
      const start = BigInt(page) * bytes;
      if (start > at) found.push({ length: start - at, hole: true, zero: true });
      const from = start > at ? start : at;
      found.push({ length: start + bytes - from, hole: false, zero: false });
      at = start + bytes;
    }
    if (at < end) found.push({ length: end - at, hole: true, zero: true });
    return found;
  }

  /** The memory that the compressed pages take, in bytes. */
  get storedBytes(): number {
    return this.#pages.storedBytes;
  }

  dispose(): void {
    this.#pages.clear();
  }

  #change(page: number, change: (bytes: Buffer) => void): void {
    const stored = this.#pages.get(page);
    const bytes = stored === undefined ? Buffer.alloc(pageBytes) : this.#codec.decompress(stored);
    change(bytes);
    if (bytes.equals(zeroBytes(pageBytes))) this.#pages.delete(page);
    // Copy the result: zlib may return a small view of a large buffer, which would keep the large buffer in
    // memory.
    else this.#pages.set(page, new Uint8Array(this.#codec.compress(bytes)));
  }
}

/** Handles bytes `start` to `end` of a page. `before` is the number of bytes of the range before them. */
type PerPage = (page: number, start: number, end: number, before: number) => void;

function pageByPage(offset: bigint, length: number, perform: PerPage): MaybePromise<void> {
  if (length <= inlineBytesMax) return eachPage(offset, length, 0, perform);
  return forEachPiece({ offset, length }, inlineBytesMax, undefined, (at, bytes) =>
    eachPage(at, bytes, Number(at - offset), perform),
  );
}

function eachPage(offset: bigint, length: number, before: number, perform: PerPage): void {
  let page = Number(offset / BigInt(pageBytes));
  let start = Number(offset % BigInt(pageBytes));
  for (let done = 0; done < length; page++, start = 0) {
    const end = Math.min(pageBytes, start + length - done);
    perform(page, start, end, before + done);
    done += end - start;
  }
}
