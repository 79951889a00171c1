import type { Handle } from "../contract/handle.ts";
import { BlockMap } from "../core/block-map.ts";
import { type BlockPart, blockParts } from "../core/block-parts.ts";
import type { Extent } from "../core/extent.ts";
import { answer, type MaybePromise, type Steps } from "../core/maybe-promise.ts";
import { RangeGate } from "../core/range-gate.ts";
import { zeroBytes } from "../core/zero-runs.ts";
import { pieceBytesFor } from "../served/block-size.ts";
import { clipExtents } from "../served/extents.ts";
import { TemporaryDisk } from "./temporary-disk.ts";

/** So much is copied at a time, or what the disk below takes, however large the blocks are. */
const copiedBytes = 1024 * 1024;

/** An answer about extents ends after so many; clients ask again. */
const extentsMax = 4096;

/** Blocks next to each other, `end` not included. */
export interface Blocks {
  readonly first: number;
  readonly end: number;
}

/** A range of bytes, `end` not included, whose blocks are in one state. */
export interface Piece {
  readonly state: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** @param blocks which they are, in words */
export type Trace = (blocks: string, state: number) => void;

/** What filters keep of a disk: some of its blocks, at the same offsets in a temporary file, and a state for each block, 0 at first. */
export class BlockStore {
  readonly #name: string;
  readonly #blockBytes: number;
  readonly #size: bigint;
  readonly #states: BlockMap = new BlockMap();
  readonly #gate: RangeGate = new RangeGate();
  readonly #trace: Trace | undefined;
  #disk: TemporaryDisk | undefined;

  /**
   * @param name what debugging tools call the file
   * @param size of the disk, in bytes
   * @param trace is told of every change of a state
   */
  constructor(name: string, blockBytes: number, size: bigint, trace?: Trace) {
    this.#name = name;
    this.#blockBytes = blockBytes;
    this.#size = size;
    this.#trace = trace;
  }

  /** Nothing was ever stored. */
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

  /** The parts of a range that are whole blocks, and those that are not. */
  parts(offset: bigint, length: number): readonly BlockPart[] {
    return [...blockParts(offset, length, this.#blockBytes, this.#size)];
  }

  /** The blocks of a range. */
  blocksCovering(offset: bigint, length: number): Blocks {
    const block = BigInt(this.#blockBytes);
    return { first: Number(offset / block), end: Number((offset + BigInt(length) - 1n) / block) + 1 };
  }

  /** The range in pieces of blocks in the same state. */
  *pieces(offset: bigint, length: number): Generator<Piece, void, void> {
    const stop = offset + BigInt(length);
    for (const run of this.runs(this.blocksCovering(offset, length))) {
      const { start, end } = this.bytesOf(run);
      yield { state: run.state, start: start > offset ? start : offset, end: smaller(end, stop) };
    }
  }

  /** Changes meanwhile show only in what lies ahead. */
  runs({ first, end }: Blocks): Generator<Blocks & { readonly state: number }, void, void> {
    return this.#states.runs(first, end);
  }

  /** The last block ends with the disk. */
  bytesOf({ first, end }: Blocks): { readonly start: bigint; readonly end: bigint } {
    const block = BigInt(this.#blockBytes);
    return { start: BigInt(first) * block, end: smaller(BigInt(end) * block, this.#size) };
  }

  /** Does something while nobody else is in these blocks; with `shared`, nobody but others who share. */
  *hold({ first, end }: Blocks, shared: boolean, body: () => Steps): Steps {
    yield* this.#gate.hold(first, end, shared, body);
  }

  *read(into: Uint8Array, offset: bigint): Steps {
    yield this.#file.read(into, offset);
  }

  *write(from: Uint8Array, offset: bigint): Steps {
    yield this.#file.write(from, offset);
  }

  *writeZeroes({ start, end }: { readonly start: bigint; readonly end: bigint }): Steps {
    for (const { at, bytes } of cut(start, end, copiedBytes)) yield this.#file.write(zeroBytes(bytes), at);
  }

  /** Stores the blocks as they are in the disk below. */
  *fetch(next: Handle, blocks: Blocks): Steps {
    yield* this.#copy(
      next,
      blocks,
      (bytes, at) => next.read(bytes, at),
      (bytes, at) => this.#file.write(bytes, at),
    );
  }

  /** Writes the blocks to the disk below. */
  *deliver(next: Handle, blocks: Blocks): Steps {
    const write = (bytes: Buffer, at: bigint) => next.write!(bytes, at, { fua: false });
    yield* this.#copy(next, blocks, (bytes, at) => this.#file.read(bytes, at), write);
  }

  /** Gives the room of the blocks back. */
  *free(blocks: Blocks): Steps {
    const { start, end } = this.bytesOf(blocks);
    yield this.#disk?.free(start, end - start);
  }

  /** @param known tells what a piece is; undefined for what is as in the disk below */
  *extents(
    next: Handle,
    {
      offset,
      length,
      requestOne,
    }: { readonly offset: bigint; readonly length: number; readonly requestOne: boolean },
    known: (state: number) => Omit<Extent, "length"> | undefined,
  ): Steps<readonly Extent[]> {
    const found: Extent[] = [];
    for (const { state, start, end } of this.pieces(offset, length)) {
      const kind = known(state);
      const list =
        kind === undefined
          ? yield* extentsBelow(next, start, end, requestOne)
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

  *#copy(
    next: Handle,
    blocks: Blocks,
    read: (into: Buffer, at: bigint) => MaybePromise<void>,
    write: (from: Buffer, at: bigint) => MaybePromise<void>,
  ): Steps {
    const { start, end } = this.bytesOf(blocks);
    const buffer = Buffer.allocUnsafe(Number(smaller(end - start, BigInt(pieceBytesFor(next, copiedBytes)))));
    for (const { at, bytes } of cut(start, end, buffer.length)) {
      const piece = buffer.subarray(0, bytes);
      yield read(piece, at);
      yield write(piece, at);
    }
  }

  /** Made when it is needed. */
  get #file(): TemporaryDisk {
    this.#disk ??= new TemporaryDisk(this.#name);
    return this.#disk;
  }
}

function* extentsBelow(
  next: Handle,
  start: bigint,
  end: bigint,
  requestOne: boolean,
): Steps<readonly Extent[]> {
  const length = end - start;
  if (next.extents === undefined) return [{ length, hole: false, zero: false }];
  const found = yield* answer(next.extents(start, Number(length), requestOne));
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

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
