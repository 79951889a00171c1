import type { BlockSize, Handle, TransferableHandle, WriteFlags } from "../contract/handle.ts";
import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";
import { findMemoryExtents, memoryUnitBytes } from "./memory-extents.ts";
import { createMemoryFile } from "./memory-file.ts";
import { isNotSupported } from "./not-supported.ts";
import { checkComplete } from "./read.ts";

/** Freeing more bytes than this would block the event loop for too long, so the thread pool does it. */
const inlineBytesMax: number = 16 * 1024 * 1024;

/** A number that no open descriptor has. */
const closedDescriptor = 2 ** 31 - 1;

/**
 * A disk in memory. Its content is lost on `dispose`. The kernel keeps the memory file sparse, so the size
 * may be up to 2^63-1 bytes. All clients share one disk, so it has no `close`.
 */
export class MemoryDisk implements Handle {
  readonly size: bigint;
  readonly identity: string;
  readonly multiConn = true;
  /**
   * FUA needs no work: memory never survives a power failure, so a completed write is as durable as possible.
   */
  readonly nativeFua = true;
  readonly fastZero = true;
  /** Whole units are preferred: only they become holes. The server refuses requests above the maximum. */
  readonly blockSize: BlockSize = { minimum: 1, preferred: memoryUnitBytes, maximum: 64 * 1024 * 1024 };
  readonly transferable: TransferableHandle;
  #fd: number;
  #map: number;
  #lock: bigint | undefined;

  /**
   * Uses an existing memory file. `createMemoryDisk` makes a new one.
   * @param map the memory map of the file; 0 for none
   */
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
   * Always punches a hole, also for a client that forbids holes (NBD_CMD_FLAG_NO_HOLE), as nbdkit does. The
   * flag asks for allocated space; one such request for a range larger than the memory would end the server.
   */
  zero(offset: bigint, length: number): MaybePromise<void> {
    return this.#punch(offset, length);
  }

  extents(offset: bigint, length: number, requestOne: boolean): readonly Extent[] {
    return findMemoryExtents(this.#fd, { offset, length: BigInt(length), size: this.size, requestOne });
  }

  /**
   * Allocates the memory of the whole disk.
   * @throws NbdError ENOTSUP when the system cannot reserve memory
   */
  async allocateAll(): Promise<void> {
    if (this.size === 0n) return;
    await native().zeroRangeAsync(this.#fd, 0n, this.size);
    if (this.#map !== 0) native().madeInMemoryMap(this.#map, 0n, this.size);
  }

  /**
   * Locks the memory, so that the kernel never swaps it out.
   * @throws NbdError ENOMEM above the limit of the process, ENOTSUP when the system cannot lock memory
   */
  lock(): void {
    if (this.size > 0n) this.#lock = native().lockMemoryFile(this.#fd, this.size);
  }

  /**
   * A handle that never frees memory: without `trim`, and without `zero`, so that the server zeroes by
   * writing.
   */
  withoutHoles(): Handle {
    const { size, identity, multiConn, nativeFua, blockSize } = this;
    const read = this.read.bind(this);
    const write = this.write.bind(this);
    const readNow = this.readNow.bind(this);
    const writeNow = this.writeNow.bind(this);
    const { flush, cache } = this;
    return { size, identity, multiConn, nativeFua, blockSize, read, write, readNow, writeNow, flush, cache };
  }

  /** Frees the memory. The server calls it at its end; it is not part of a client's handle. */
  dispose(): void {
    if (this.#lock !== undefined) native().unlockMemoryFile(this.#lock);
    const [fd, map] = [this.#fd, this.#map];
    // A filter that still sends requests then gets EBADF: without this they would reach memory in other use.
    [this.#fd, this.#map, this.#lock] = [closedDescriptor, 0, undefined];
    if (map !== 0) native().closeMemoryMap(map);
    native().closeDescriptor(fd);
  }

  #punch(offset: bigint, length: number): MaybePromise<void> {
    if (length === 0) return;
    if (this.#map !== 0) native().removingFromMemoryMap(this.#map, offset, length);
    if (length > inlineBytesMax) return native().punchHoleAsync(this.#fd, offset, BigInt(length));
    native().punchHole(this.#fd, offset, BigInt(length));
  }
}

/** Creates a memory disk of zeroes. */
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
