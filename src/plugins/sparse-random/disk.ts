import type { BlockSize, Handle } from "../../contract/handle.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { checkWrite } from "../../kit/check-write.ts";
import { forEachPiece } from "../../served/pieces.ts";
import type { BlockMap } from "./block-map.ts";
import { BlockContent } from "./content.ts";

/** The most blocks that one step examines. A client asks for more extents from where an answer ended. */
const stepBlocks = 1024 * 1024;

/** The largest preferred block size that the NBD protocol allows. */
const preferredMax = 32 * 1024 * 1024;

/** What a disk consists of. */
export interface Parts {
  readonly size: bigint;
  readonly seed: bigint;
  /** Bytes. */
  readonly blockBytes: number;
  readonly map: BlockMap;
  readonly randomContent: boolean;
}

/** The disk of a block map. Its content is fixed: a write succeeds only if it changes nothing. */
export class SparseRandomDisk implements Handle {
  readonly size: bigint;
  readonly multiConn = true;
  readonly blockSize: BlockSize;
  readonly #blockBytes: number;
  readonly #stepBytes: number;
  readonly #map: BlockMap;
  readonly #content: BlockContent;

  constructor({ size, seed, blockBytes, map, randomContent }: Parts) {
    this.size = size;
    this.blockSize = { minimum: 1, preferred: Math.min(blockBytes, preferredMax), maximum: 64 * 1024 * 1024 };
    this.#blockBytes = blockBytes;
    this.#stepBytes = stepBlocks * blockBytes;
    this.#map = map;
    this.#content = new BlockContent(seed, blockBytes, randomContent);
  }

  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    return this.#reached(offset, into.length, () => {
      for (const { offset: at, length, data, before } of this.#runs(offset, into.length)) {
        const part = into.subarray(before, before + length);
        if (data) this.#content.read(part, at);
        else part.fill(0);
      }
    });
  }

  write(from: Uint8Array, offset: bigint): Promise<void> {
    return checkWrite((into, at) => this.read(into, at), from, offset);
  }

  flush(): void {}

  cache(): void {}

  zero(offset: bigint, length: number): Promise<void> {
    return forEachPiece({ offset, length }, this.#stepBytes, undefined, (at, bytes) =>
      this.#reached(at, bytes, () => {
        for (const { data } of this.#runs(at, bytes)) {
          if (!data) continue;
          throw new NbdError("EIO", "trying to trim or zero data: only holes of this disk can be zeroed");
        }
      }),
    );
  }

  trim(offset: bigint, length: number): Promise<void> {
    return this.zero(offset, length);
  }

  extents(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly Extent[]> {
    const looked = Math.min(length, this.#stepBytes);
    return this.#reached(offset, looked, () => {
      const found: Extent[] = [];
      for (const { length: bytes, data } of this.#runs(offset, looked)) {
        found.push({ length: BigInt(bytes), hole: !data, zero: !data });
        if (requestOne) break;
      }
      return found;
    });
  }

  /** Splits a range into runs of data and holes. */
  *#runs(offset: bigint, length: number): Generator<Run> {
    const block = BigInt(this.#blockBytes);
    const limit = Number((offset + BigInt(length) + block - 1n) / block);
    for (let before = 0; before < length; ) {
      const at = offset + BigInt(before);
      const first = Number(at / block);
      const end = BigInt(this.#map.endOfRun(first, limit)) * block;
      const bytes = Math.min(Number(end - at), length - before);
      yield { offset: at, length: bytes, data: this.#map.isData(first), before };
      before += bytes;
    }
  }

  #reached<T>(offset: bigint, length: number, then: () => T): MaybePromise<T> {
    const reached = this.#map.reach(Number((offset + BigInt(length)) / BigInt(this.#blockBytes)));
    return isPromise(reached) ? reached.then(then) : then();
  }
}

interface Run {
  readonly offset: bigint;
  readonly length: number;
  readonly data: boolean;
  /** The number of bytes of the range before this run. */
  readonly before: number;
}
