import type { BlockSize, Handle, TransferableHandle, WriteFlags, ZeroFlags } from "../contract/handle.ts";
import { checkStates, type MetaContext } from "../contract/meta-context.ts";
import { assert } from "../core/assert.ts";
import { codeOf } from "../core/errors.ts";
import type { Extent, StatusExtent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { pieceBytesFor, requestUnitOf } from "./block-size.ts";
import { type CompleteHandle, completeHandle } from "./complete-handle.ts";
import { checkedExtents, clipExtents, clipStatus, lengthOf, type StatusRange } from "./extents.ts";
import { withFua, withoutFua, writeZeroes } from "./fallback.ts";
import { forEachPiece } from "./pieces.ts";

/**
 * The maximum number of bytes to read at once for a cache request where the handle has no `cache`: the
 * maximum that a client may read.
 */
const cachedBytesMax = 64 * 1024 * 1024;

/**
 * A handle with everything that the server adds: capabilities that cannot change, an assertion of ranges
 * before every call, and fallbacks for missing methods. Plugins and filters do none of this.
 */
export class ServedExport {
  readonly size: bigint;
  readonly canWrite: boolean;
  readonly canFlush: boolean;
  readonly canTrim: boolean;
  readonly canZero: boolean;
  readonly canFastZero: boolean;
  readonly canFua: boolean;
  /** Each request with FUA flushes the whole disk. */
  readonly fuaFlushes: boolean;
  readonly canCache: boolean;
  readonly canMultiConn: boolean;
  readonly rotational: boolean;
  readonly blockSize: BlockSize | undefined;
  /** Requests must be multiples of this number of bytes; the server refuses others. */
  readonly requestUnit: number;
  readonly description: string | undefined;
  /** Present where a worker thread can serve the same export. */
  readonly transferable: TransferableHandle | undefined;
  /** The contexts that {@link status} accepts. */
  readonly metaContexts: readonly MetaContext[];
  readonly #handle: Handle;
  readonly #methods: CompleteHandle;
  readonly #signal: AbortSignal | undefined;

  /** @param signal aborted when the client has gone; long requests end then */
  constructor(handle: Handle, readOnly: boolean, signal?: AbortSignal) {
    this.#handle = handle;
    this.#methods = completeHandle(handle);
    this.#signal = signal;
    this.size = handle.size;
    this.canWrite = handle.write !== undefined && !readOnly;
    this.canFlush = handle.flush !== undefined;
    this.canTrim = this.canWrite && handle.trim !== undefined;
    this.canZero = this.canWrite && (handle.zero !== undefined || handle.zeroByWriting !== false);
    // Without `zero`, the server refuses every fast zero at once; that answer is what the client asks for.
    this.canFastZero = this.canZero && (handle.fastZero ?? handle.zero === undefined);
    const { nativeFua = false, fuaByFlushing = !nativeFua && this.canFlush } = handle;
    this.canFua = this.canWrite && (nativeFua || fuaByFlushing);
    this.fuaFlushes = this.canFua && fuaByFlushing;
    this.canCache = handle.cache !== undefined || handle.cacheByReading === true;
    this.canMultiConn = handle.multiConn === true;
    this.rotational = handle.rotational === true;
    this.blockSize = handle.blockSize;
    this.requestUnit = requestUnitOf(handle);
    this.description = handle.description;
    this.transferable = handle.transferable;
    this.metaContexts = handle.metaContexts ?? [];
  }

  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    this.#assertRange(offset, into.length);
    return this.#methods.read(into, offset);
  }

  write(from: Uint8Array, offset: bigint, fua: boolean): MaybePromise<void> {
    assert(this.canWrite);
    this.#assertRange(offset, from.length);
    return this.#withFua(fua, (flags) => this.#methods.write(from, offset, flags));
  }

  /**
   * Returns whether the handle answered at once (see {@link Handle.readNow}); the caller has checked the
   * range. After an error the result is false: `read` meets the same error and reports it.
   */
  readNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    try {
      return this.#methods.readNow(buffer, start, end, offset);
    } catch {
      return false;
    }
  }

  writeNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    try {
      return this.#methods.writeNow(buffer, start, end, offset);
    } catch {
      return false;
    }
  }

  flush(): MaybePromise<void> {
    return this.#methods.flush();
  }

  trim(offset: bigint, length: number, fua: boolean): MaybePromise<void> {
    assert(this.canTrim);
    this.#assertRange(offset, length);
    return this.#withFua(fua, (flags) => this.#methods.trim(offset, length, flags));
  }

  zero(offset: bigint, length: number, flags: ZeroFlags): MaybePromise<void> {
    assert(this.canZero);
    this.#assertRange(offset, length);
    return this.#withFua(flags.fua, ({ fua }) => this.#zero(offset, length, { ...flags, fua }));
  }

  /** The memory that a cache request of this length takes; bytes. */
  cacheBytes(length: bigint): number {
    if (this.#handle.cache !== undefined) return 0;
    return Number(length < cachedBytesMax ? length : cachedBytesMax);
  }

  cache(offset: bigint, length: number): MaybePromise<void> {
    this.#assertRange(offset, length);
    if (this.#handle.cache !== undefined) return this.#handle.cache(offset, length);
    return this.#cacheByReading(offset, length);
  }

  /**
   * The extents of the range: in order, merged, and in whole blocks; at least one. The last one may go past
   * the range up to the end of the disk, but not with `requestOne`. Without `extents`, the whole range is data.
   */
  extents(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly Extent[]> {
    this.#assertRange(offset, length);
    return this.#extents(offset, length, requestOne);
  }

  /** The states of the range in one of {@link metaContexts}, in the form of {@link extents}. */
  status(
    context: MetaContext,
    offset: bigint,
    length: number,
    requestOne: boolean,
  ): MaybePromise<readonly StatusExtent[]> {
    this.#assertRange(offset, length);
    return this.#status(context, offset, length, requestOne);
  }

  close(): MaybePromise<void> {
    return this.#methods.close();
  }

  async #extents(offset: bigint, length: number, requestOne: boolean): Promise<readonly Extent[]> {
    const ask = (one: boolean) => this.#methods.extents(offset, length, one);
    const range = this.#statusRange(offset, length, requestOne);
    let found = checkedExtents(await ask(requestOne));
    // The first extent may be shorter than its block, so ask for the rest of the block.
    if (requestOne && lengthOf(found) < range.block) found = await ask(false);
    return clipExtents(found, range);
  }

  async #status(
    context: MetaContext,
    offset: bigint,
    length: number,
    requestOne: boolean,
  ): Promise<readonly StatusExtent[]> {
    const ask = async (one: boolean): Promise<readonly StatusExtent[]> => {
      const states = await context.status(offset, length, one);
      checkStates(context, states);
      return states;
    };
    const range = this.#statusRange(offset, length, requestOne);
    const found = await ask(requestOne);
    return clipStatus(requestOne && lengthOf(found) < range.block ? await ask(false) : found, range);
  }

  #statusRange(offset: bigint, length: number, requestOne: boolean): StatusRange {
    const block = BigInt(this.blockSize?.minimum ?? 1);
    return { length: BigInt(length), lengthMax: this.size - offset, block, requestOne };
  }

  #withFua(fua: boolean, change: (flags: WriteFlags) => MaybePromise<void>): MaybePromise<void> {
    return fua ? withFua(this.#handle, change) : change(withoutFua);
  }

  async #zero(offset: bigint, length: number, flags: ZeroFlags): Promise<void> {
    try {
      await this.#methods.zero(offset, length, flags);
    } catch (error) {
      if (!isNotSupported(error) || flags.fastZero) throw error;
      await writeZeroes(this.#methods, offset, length, flags, this.#signal);
    }
  }

  async #cacheByReading(offset: bigint, length: number): Promise<void> {
    const scratch = Buffer.allocUnsafe(Math.min(length, pieceBytesFor(this.#handle, cachedBytesMax)));
    await forEachPiece({ offset, length }, scratch.length, this.#signal, (at, bytes) =>
      this.#handle.read(scratch.subarray(0, bytes), at),
    );
  }

  /**
   * The connection has already checked the client's range. A wrong range here is a bug of the server, and
   * must not reach the handle.
   */
  #assertRange(offset: bigint, length: number): void {
    assert(offset >= 0n && length >= 0 && offset + BigInt(length) <= this.size);
  }
}

function isNotSupported(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOTSUP" || code === "EOPNOTSUPP";
}
