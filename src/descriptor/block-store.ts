import { BlockMap } from "../core/block-map.ts";
import { type BlockPart, blockParts } from "../core/block-parts.ts";
import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { RangeGate } from "../core/range-gate.ts";
import { smaller } from "../core/size.ts";
import { zeroBytes } from "../core/zero-runs.ts";
import { pieceBytesFor } from "../served/block-size.ts";
import type { CompleteHandle } from "../served/complete-handle.ts";
import { clipExtents } from "../served/extents.ts";
import { TemporaryDisk } from "./temporary-disk.ts";

/**
 * Copies use pieces of this many bytes, or fewer if the disk below takes less at once, whatever the block
 * size is.
 */
const copiedBytes = 1024 * 1024;

/** The maximum number of extents in one answer. The client asks again for the rest. */
const extentsMax = 4096;

/** Consecutive blocks, `end` not included. */
export interface Blocks {
  readonly first: number;
  readonly end: number;
}

/** A range of bytes, `end` not included, whose blocks have the same state. */
export interface Piece {
  readonly state: number;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Logs a change of state.
 * @param blocks a description of the changed blocks, for the log
 */
export type Trace = (blocks: string, state: number) => void;

/**
 * The block storage of the filters that keep part of a disk (cow, cache). It holds some blocks of the disk,
 * at the same offsets in a temporary file, and a state for each block. The initial state is 0.
 *
 * Concurrency rule: a request that reads or changes blocks or states does so inside `hold` of these blocks.
 * Requests that hold blocks exclusively run one at a time; requests that hold them with `shared` run
 * together.
 */
export class BlockStore {
  readonly #name: string;
  readonly #blockBytes: number;
  readonly #size: bigint;
  readonly #states: BlockMap = new BlockMap();
  readonly #gate: RangeGate = new RangeGate();
  readonly #trace: Trace | undefined;
  #disk: TemporaryDisk | undefined;

  /**
   * @param name the name of the file in debugging tools
   * @param blockBytes the block size in bytes
   * @param size the size of the disk in bytes
   * @param trace called for every change of a state
   */
  constructor(name: string, blockBytes: number, size: bigint, trace?: Trace) {
    this.#name = name;
    this.#blockBytes = blockBytes;
    this.#size = size;
    this.#trace = trace;
  }

  /** True until the first block is stored. */
  get isUnused(): boolean {
    return this.#disk === undefined;
  }

  get all(): Blocks {
    return { first: 0, end: Number((this.#size + BigInt(this.#blockBytes) - 1n) / BigInt(this.#blockBytes)) };
  }

  stateOf(block: number): number {
    return this.#states.get(block);
  }

  set({ first, end }: Blocks, state: number): void {
    this.#states.set(first, end, state);
    this.#trace?.(`block ${first} (offset ${first * this.#blockBytes}), ${end - first} in a row`, state);
  }

  /** Splits a range into parts of whole blocks and parts of incomplete blocks. */
  parts(offset: bigint, length: number): readonly BlockPart[] {
    return [...blockParts(offset, length, this.#blockBytes, this.#size)];
  }

  /** The blocks that a range touches, also partly. */
  blocksCovering(offset: bigint, length: number): Blocks {
    const block = BigInt(this.#blockBytes);
    return { first: Number(offset / block), end: Number((offset + BigInt(length) - 1n) / block) + 1 };
  }

  /** Splits a range into pieces whose blocks have the same state. */
  *pieces(offset: bigint, length: number): Generator<Piece, void, void> {
    const stop = offset + BigInt(length);
    for (const run of this.runs(this.blocksCovering(offset, length))) {
      const { start, end } = this.bytesOf(run);
      yield { state: run.state, start: start > offset ? start : offset, end: smaller(end, stop) };
    }
  }

  /**
   * Runs of blocks in the same state. A state that changes during the iteration counts only for blocks not
   * yet visited.
   */
  runs({ first, end }: Blocks): Generator<Blocks & { readonly state: number }, void, void> {
    return this.#states.runs(first, end);
  }

  /** The bytes of the blocks. The last block ends at the end of the disk, so it may be shorter. */
  bytesOf({ first, end }: Blocks): { readonly start: bigint; readonly end: bigint } {
    const block = BigInt(this.#blockBytes);
    return { start: BigInt(first) * block, end: smaller(BigInt(end) * block, this.#size) };
  }

  /**
   * Runs `body` while no other request holds these blocks. With `shared`, other `shared` requests may hold
   * them too.
   */
  hold({ first, end }: Blocks, shared: boolean, body: () => Promise<void>): Promise<void> {
    return this.#gate.hold(first, end, shared, body);
  }

  /**
   * The state of the blocks that a range touches, for a request that is answered at once: such a request
   * holds nothing.
   * @returns undefined when the blocks differ, or when another request holds them or waits for them
   */
  stateNow(offset: number, length: number, shared: boolean): number | undefined {
    const first = Math.floor(offset / this.#blockBytes);
    const end = Math.ceil((offset + length) / this.#blockBytes);
    return this.#gate.isFree(first, end, shared) ? this.#states.common(first, end) : undefined;
  }

  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    return this.#file.read(into, offset);
  }

  write(from: Uint8Array, offset: bigint): MaybePromise<void> {
    return this.#file.write(from, offset);
  }

  readNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    return this.#file.readNow(buffer, start, end, offset);
  }

  writeNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    return this.#file.writeNow(buffer, start, end, offset);
  }

  async writeZeroes({ start, end }: { readonly start: bigint; readonly end: bigint }): Promise<void> {
    for (const { at, bytes } of cut(start, end, copiedBytes)) await this.#file.write(zeroBytes(bytes), at);
  }

  /** Copies the blocks from the disk below into the temporary file. */
  fetch(next: CompleteHandle, blocks: Blocks): Promise<void> {
    return this.#copy(
      next,
      blocks,
      (bytes, at) => next.read(bytes, at),
      (bytes, at) => this.#file.write(bytes, at),
    );
  }

  /** Copies the blocks from the temporary file to the disk below. */
  deliver(next: CompleteHandle, blocks: Blocks): Promise<void> {
    const write = (bytes: Buffer, at: bigint) => next.write(bytes, at, { fua: false });
    return this.#copy(next, blocks, (bytes, at) => this.#file.read(bytes, at), write);
  }

  /** Frees the space of the blocks in the temporary file. */
  async free(blocks: Blocks): Promise<void> {
    const { start, end } = this.bytesOf(blocks);
    await this.#disk?.free(start, end - start);
  }

  /**
   * The extents of a range.
   * @param known maps a state to the type of its extent; undefined means: ask the disk below
   */
  async extents(
    next: CompleteHandle,
    {
      offset,
      length,
      requestOne,
    }: { readonly offset: bigint; readonly length: number; readonly requestOne: boolean },
    known: (state: number) => Omit<Extent, "length"> | undefined,
  ): Promise<readonly Extent[]> {
    const found: Extent[] = [];
    for (const { state, start, end } of this.pieces(offset, length)) {
      const kind = known(state);
      const list =
        kind === undefined
          ? await extentsBelow(next, start, end, requestOne)
          : [{ ...kind, length: end - start }];
      found.push(...list);
      const endsEarly = list.reduce((sum, extent) => sum + extent.length, 0n) < end - start;
      if (requestOne || endsEarly || found.length >= extentsMax) break;
    }
    return found;
  }

  close(): void {
    this.#disk?.close();
  }

  async #copy(
    next: CompleteHandle,
    blocks: Blocks,
    read: (into: Buffer, at: bigint) => MaybePromise<void>,
    write: (from: Buffer, at: bigint) => MaybePromise<void>,
  ): Promise<void> {
    const { start, end } = this.bytesOf(blocks);
    const buffer = Buffer.allocUnsafe(Number(smaller(end - start, BigInt(pieceBytesFor(next, copiedBytes)))));
    for (const { at, bytes } of cut(start, end, buffer.length)) {
      const piece = buffer.subarray(0, bytes);
      await read(piece, at);
      await write(piece, at);
    }
  }

  /** The temporary file, created on first use. */
  get #file(): TemporaryDisk {
    this.#disk ??= new TemporaryDisk(this.#name);
    return this.#disk;
  }
}

async function extentsBelow(
  next: CompleteHandle,
  start: bigint,
  end: bigint,
  requestOne: boolean,
): Promise<readonly Extent[]> {
  const length = end - start;
  const found = await next.extents(start, Number(length), requestOne);
  return clipExtents(found, { length, block: 1n, requestOne });
}

function* cut(
  start: bigint,
  end: bigint,
  bytesMax: number,
): Generator<{ readonly at: bigint; readonly bytes: number }, void, void> {
  for (let at = start; at < end; at += BigInt(bytesMax)) {
    yield { at, bytes: Number(smaller(end - at, BigInt(bytesMax))) };
  }
}
