import type { BlockSize, Handle, TransferableHandle, WriteFlags } from "../contract/handle.ts";
import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";
import { findExtentsNow } from "./extents.ts";
import { createMemoryFile } from "./memory-file.ts";
import { isNotSupported } from "./not-supported.ts";
import { checkComplete } from "./read.ts";

/** Freeing or allocating more than this takes long enough to let others run meanwhile. */
const inlineBytesMax: number = 16 * 1024 * 1024;

/**
 * A disk in memory that forgets everything when it is disposed of. The kernel keeps it sparse, so its size is
 * limited by 2^63-1 alone. All clients share one, so it has no `close`.
 */
export class MemoryDisk implements Handle {
  readonly size: bigint;
  readonly identity: string;
  readonly multiConn = true;
  /** Nothing here survives a power failure, so everything is as safe as it can be. */
  readonly nativeFua = true;
  readonly fastZero = true;
  /** Whole pages save the kernel reading before writing; larger requests than the maximum are refused anyway. */
  readonly blockSize: BlockSize = { minimum: 1, preferred: 4096, maximum: 64 * 1024 * 1024 };
  readonly transferable: TransferableHandle;
  readonly #fd: number;
  readonly #map: number;
  #lock: bigint | undefined;

  /** On a memory file that is at hand, and a map of it; `createMemoryDisk` makes a new one. */
  constructor(fd: number, size: bigint, map: number) {
    this.size = size;
    this.identity = `memory ${fd}`;
    this.#fd = fd;
    this.#map = map;
    this.transferable = { kind: "memory", data: { fd, size, map } };
  }

  read(into: Uint8Array, offset: bigint): void {
    checkComplete(native().pread(this.#fd, into, offset), into.length);
  }

  write(from: Uint8Array, offset: bigint): void {
    native().pwrite(this.#fd, from, offset);
    if (this.#map !== 0) native().madeInMemoryMap(this.#map, offset, from.length);
  }

  readNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    if (this.#map !== 0 && native().readMemoryMap(this.#map, buffer, start, end, offset)) return true;
    return native().preadPart(this.#fd, buffer, start, end, offset) === end - start;
  }

  writeNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    if (this.#map !== 0 && native().writeMemoryMap(this.#map, buffer, start, end, offset)) return true;
    native().pwritePart(this.#fd, buffer, start, end, offset);
    if (this.#map !== 0) native().madeInMemoryMap(this.#map, offset, end - start);
    return true;
  }

  flush(): void {}

  cache(): void {}

  trim(offset: bigint, length: number, _flags: WriteFlags): MaybePromise<void> {
    return ignoreNotSupported(() => this.#punch(offset, length));
  }

  /**
   * Always a hole, also where the client would rather have none, as with nbdkit: it wants to be sure of room later, and
   * one request for a range that is larger than the memory would end the server instead.
   */
  zero(offset: bigint, length: number): MaybePromise<void> {
    return this.#punch(offset, length);
  }

  extents(offset: bigint, length: number, requestOne: boolean): readonly Extent[] {
    return findExtentsNow(this.#fd, offset, length, requestOne);
  }

  /** Takes all the memory that the disk can ever need; ENOTSUP where the system cannot promise it. */
  async allocateAll(): Promise<void> {
    if (this.size === 0n) return;
    await native().zeroRangeAsync(this.#fd, 0n, this.size);
    if (this.#map !== 0) native().madeInMemoryMap(this.#map, 0n, this.size);
  }

  /** Keeps it out of swap; ENOMEM above the limit of the process, ENOTSUP where the system has no such thing. */
  lock(): void {
    if (this.size > 0n) this.#lock = native().lockMemoryFile(this.#fd, this.size);
  }

  /** The same disk for clients that must not give memory back: zeroed by writing, and never trimmed. */
  withoutHoles(): Handle {
    const { size, identity, multiConn, nativeFua, blockSize } = this;
    const read = this.read.bind(this);
    const write = this.write.bind(this);
    const readNow = this.readNow.bind(this);
    const writeNow = this.writeNow.bind(this);
    const { flush, cache } = this;
    return { size, identity, multiConn, nativeFua, blockSize, read, write, readNow, writeNow, flush, cache };
  }

  /** Gives the memory back; not part of a client's handle. */
  dispose(): void {
    if (this.#lock !== undefined) native().unlockMemoryFile(this.#lock);
    if (this.#map !== 0) native().closeMemoryMap(this.#map);
    native().closeDescriptor(this.#fd);
  }

  #punch(offset: bigint, length: number): MaybePromise<void> {
    if (length === 0) return;
    if (this.#map !== 0) native().removingFromMemoryMap(this.#map, offset, length);
    if (length > inlineBytesMax) return native().punchHoleAsync(this.#fd, offset, BigInt(length));
    native().punchHole(this.#fd, offset, BigInt(length));
  }
}

/** An empty one. */
export function createMemoryDisk(name: string, size: bigint): MemoryDisk {
  const fd = createMemoryFile(name, size);
  try {
    return new MemoryDisk(fd, size, native().makeMemoryMap(fd, size));
  } catch (error) {
    native().closeDescriptor(fd);
    throw error;
  }
}

function ignoreNotSupported(attempt: () => MaybePromise<void>): MaybePromise<void> {
  const ignore = (error: unknown): void => {
    if (!isNotSupported(error)) throw error;
  };
  try {
    return attempt()?.then(undefined, ignore);
  } catch (error) {
    ignore(error);
  }
}
