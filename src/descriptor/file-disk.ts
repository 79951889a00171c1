import { close } from "node:fs";
import { promisify } from "node:util";
import { failure } from "../contract/failure.ts";
import type { Handle, TransferableHandle, WriteFlags, ZeroFlags } from "../contract/handle.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import type { FileAdvice } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { AtOnce } from "./at-once.ts";
import { Durability } from "./durability.ts";
import { canFindExtents, findExtents, findExtentsNow } from "./extents.ts";
import { type Geometry, geometryOf } from "./geometry.ts";
import { isInMemory } from "./in-memory.ts";
import { PageCacheRelief } from "./page-cache.ts";
import { readFile } from "./read.ts";
import { Zeroing } from "./zeroing.ts";

/** How to open a disk on a descriptor. */
export interface FileDiskOptions {
  /** The path of the file, or `fd=9`, for errors. */
  readonly name: string;
  /** Clients may write. */
  readonly writable: boolean;
  /** Closing the disk also closes the descriptor. */
  readonly owned: boolean;
  /** The access pattern for posix_fadvise(2). */
  readonly advice: FileAdvice;
  /** Keep little of the file in the page cache. */
  readonly relief: boolean;
  /** Logs the result of each request to zero or trim. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * Opens a disk on an open file or block device. When this fails, the caller still has to close the
 * descriptor.
 */
export async function openFileDisk(fd: number, options: FileDiskOptions): Promise<Handle> {
  const geometry = await geometryOf(fd);
  if (options.advice !== "normal") native().advise(fd, 0n, 0n, options.advice);
  const disk = new FileDisk(fd, geometry, options);
  const { sectorSize: _, ...shape } = geometry;
  const { trace, ...plain } = options;
  // A disk with a trace stays in this thread: a function cannot be transferred to a worker thread.
  const transferable: TransferableHandle | undefined =
    trace === undefined ? { kind: "file", data: { fd, options: plain } } : undefined;
  const handle: Handle = {
    ...shape,
    ...(transferable && { transferable }),
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: disk.read,
    ...(disk.atOnce && {
      readNow: disk.atOnce.read,
      ...(options.writable && { writeNow: disk.atOnce.write }),
    }),
    flush: disk.flush,
    cache: (offset, length) => native().prefetchAsync(fd, offset, BigInt(length)),
    close: disk.close,
  };
  const changes = options.writable ? { write: disk.write, trim: disk.trim, zero: disk.zero } : {};
  // Skip block devices: lseek reports them as all data.
  const searchable = geometry.sectorSize === undefined && (await canFindExtents(fd));
  const find = isInMemory(fd) ? findExtentsNow : findExtents;
  const extents = (offset: bigint, length: number, requestOne: boolean) =>
    find(fd, { offset, length: BigInt(length), size: geometry.size, requestOne });
  return { ...handle, ...changes, ...(searchable && { extents }) };
}

/**
 * The state that a handle's methods share. The methods are bound, because a handle takes only those that its
 * file allows.
 */
class FileDisk {
  readonly #fd: number;
  readonly #name: string;
  readonly #owned: boolean;
  readonly #durability: Durability;
  readonly #zeroing: Zeroing;
  readonly #relief: PageCacheRelief | undefined;
  /** Synchronous access; undefined with `relief`, which has work to do after each read and write. */
  readonly atOnce: AtOnce | undefined;

  constructor(fd: number, { sectorSize }: Geometry, options: FileDiskOptions) {
    this.#fd = fd;
    this.#name = options.name;
    this.#owned = options.owned;
    this.#durability = new Durability(fd);
    this.#zeroing = new Zeroing(fd, sectorSize, options.trace);
    this.#relief = options.relief ? new PageCacheRelief(fd, this.#durability) : undefined;
    this.atOnce = options.relief ? undefined : new AtOnce(fd, this.#durability);
  }

  readonly read = (into: Uint8Array, offset: bigint): MaybePromise<void> => {
    const done = readFile(this.#fd, into, offset);
    if (isPromise(done)) return this.#readRest(done, into, offset);
    return this.#relief?.afterRead(offset, into.length);
  };

  readonly write = async (from: Uint8Array, offset: bigint, { fua }: WriteFlags): Promise<void> => {
    await this.#explain(
      "pwrite",
      native().pwriteAsync(this.#fd, from, offset),
      rangeText(offset, from.length),
    );
    if (fua) await this.#sync();
    await this.#relief?.afterWrite(from.length);
  };

  readonly flush = async (): Promise<void> => {
    await this.#explain("fdatasync", this.#durability.flush());
    this.#relief?.afterFlush();
  };

  readonly trim = async (offset: bigint, length: number, { fua }: WriteFlags): Promise<void> => {
    await this.#explain("trim", this.#zeroing.trim(offset, BigInt(length)), rangeText(offset, length));
    if (fua) await this.#sync();
  };

  readonly zero = async (offset: bigint, length: number, flags: ZeroFlags): Promise<void> => {
    await this.#explain("zero", this.#zeroing.zero(offset, BigInt(length), flags), rangeText(offset, length));
    if (flags.fua) await this.#sync();
  };

  readonly close = async (): Promise<void> => {
    // Ignore a failed write-back: a client that needs to know about it has sent a flush.
    await this.#relief?.release().catch(() => {});
    if (this.#owned) await promisify(close)(this.#fd);
  };

  async #readRest(done: PromiseLike<void>, into: Uint8Array, offset: bigint): Promise<void> {
    await this.#explain("pread", done, rangeText(offset, into.length));
    await this.#relief?.afterRead(offset, into.length);
  }

  #sync(): Promise<void> {
    return this.#explain("fdatasync", this.#durability.sync());
  }

  /** Names the call, the file and the range in the error of a request. */
  async #explain(call: string, done: PromiseLike<void>, range = ""): Promise<void> {
    try {
      await done;
    } catch (error) {
      throw failure(call, this.#name + range, error);
    }
  }
}

function rangeText(offset: bigint, length: number): string {
  return `: offset=${offset}, count=${length}`;
}
