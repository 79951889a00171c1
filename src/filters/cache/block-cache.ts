import type { Handle, WriteFlags } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise, Steps } from "../../core/maybe-promise.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";
import { type Limit, Recency } from "./recency.ts";

// The cache of one disk. Each block is in one of three states.
//
// - absent: only the disk below has the block.
// - clean: the cache has the same data as the disk below.
// - dirty: the cache has newer data than the disk below; a flush delivers it.
//
// A change holds its blocks exclusively, a read holds them shared. A change that fails may have written a
// part, so its clean blocks become absent; dirty blocks stay, because the disk below does not have their
// data.

const absent = 0;
const clean = 1;
const dirty = 2;
const stateNames = ["not cached", "cached", "newer here than in the disk below"] as const;

/** Long operations hold at most this many blocks at a time, so that other requests can run in between. */
const heldBlocks = 64;

export interface CacheOptions {
  readonly mode: "writeback" | "writethrough" | "unsafe";
  readonly blockBytes: number;
  /** Undefined when the size of the cache is not limited. */
  readonly limit: Limit | undefined;
  readonly host: Host;
}

/**
 * The cache of one disk. Each method gets the handle of the disk below, because each client has its own
 * handle.
 */
export class BlockCache {
  readonly #mode: CacheOptions["mode"];
  readonly #log: Host;
  readonly #store: BlockStore;
  readonly #recency: Recency | undefined;
  #isReclaiming = false;

  /** @param size size of the disk, in bytes */
  constructor({ mode, blockBytes, limit, host }: CacheOptions, size: bigint) {
    this.#mode = mode;
    this.#log = host;
    const traced: Trace = (blocks, state) => host.debug(`cache: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? traced : undefined;
    this.#store = new BlockStore("nbdkit-cache", blockBytes, size, trace);
    this.#recency = limit && new Recency(limit, blockBytes);
  }

  get isUnused(): boolean {
    return this.#store.isUnused;
  }

  *read(next: Handle, into: Uint8Array, offset: bigint, keeping: boolean): Steps {
    if (keeping) yield* this.#fetch(next, this.#store.blocksCovering(offset, into.length));
    yield* this.#store.hold(this.#store.blocksCovering(offset, into.length), true, () =>
      this.#readPieces(next, into, offset),
    );
    yield* this.#reclaim(next);
  }

  *write(next: Handle, from: Uint8Array, offset: bigint, { fua }: WriteFlags): Steps {
    const through = this.#mode === "writethrough" || (fua && this.#mode === "writeback");
    const blocks = this.#store.blocksCovering(offset, from.length);
    const write = () =>
      through ? this.#writeThrough(next, from, offset, fua) : this.#writeHere(next, from, offset);
    yield* this.#store.hold(blocks, false, () => this.#change(blocks, write));
    yield* this.#reclaim(next);
  }

  /** Applies a change to the disk below: first delivers the dirty blocks, then drops all of the blocks. */
  *bypass(
    next: Handle,
    offset: bigint,
    length: number,
    { fua }: WriteFlags,
    change: (flags: WriteFlags) => MaybePromise<void>,
  ): Steps {
    const blocks = this.#store.blocksCovering(offset, length);
    yield* this.#store.hold(
      blocks,
      false,
      function* (this: BlockCache): Steps {
        for (const run of this.#store.runs(blocks)) if (run.state === dirty) yield* this.#deliver(next, run);
        yield* this.#drop(blocks);
        yield change({ fua });
      }.bind(this),
    );
  }

  /** Fetches blocks into the cache (NBD_CMD_CACHE). */
  *copy(next: Handle, offset: bigint, length: number): Steps {
    const blocks = this.#store.blocksCovering(offset, length);
    for (let first = blocks.first; first < blocks.end; first += heldBlocks) {
      yield* this.#fetch(next, { first, end: Math.min(first + heldBlocks, blocks.end) });
      yield* this.#reclaim(next);
    }
  }

  /** Flushes if any block is dirty: the client may have disconnected without a flush. */
  *settle(next: Handle): Steps {
    if (next.write === undefined) return;
    for (const { state } of this.#store.runs(this.#store.all)) {
      if (state === dirty) return yield* this.flush(next);
    }
  }

  /**
   * Tries to deliver every dirty block and throws the first error. The next flush tries failed blocks again.
   */
  *flush(next: Handle): Steps {
    if (this.#mode === "unsafe") return;
    const errors: unknown[] = [];
    if (next.write !== undefined) yield* this.#deliverAll(next, errors);
    yield next.flush?.();
    if (errors.length > 0) throw errors[0];
  }

  extents(next: Handle, offset: bigint, length: number, requestOne: boolean): Steps<readonly Extent[]> {
    return this.#store.extents(next, { offset, length, requestOne }, (state) =>
      state === dirty ? { hole: false, zero: false } : undefined,
    );
  }

  close(): void {
    this.#store.close();
  }

  *#readPieces(next: Handle, into: Uint8Array, offset: bigint): Steps {
    for (const { state, start, end } of this.#store.pieces(offset, into.length)) {
      const part = into.subarray(Number(start - offset), Number(end - offset));
      if (state === absent) yield next.read(part, start);
      else {
        yield* this.#store.read(part, start);
        this.#recency?.used(this.#store.blocksCovering(start, part.length));
      }
    }
  }

  /** After a failed change, clean blocks become absent: the change may have been applied in part. */
  *#change(blocks: Blocks, body: () => Steps): Steps {
    try {
      yield* body();
    } catch (error) {
      for (const run of this.#store.runs(blocks)) if (run.state !== dirty) yield* this.#forget(run, [run]);
      throw error;
    }
  }

  *#writeHere(next: Handle, from: Uint8Array, offset: bigint): Steps {
    for (const part of this.#store.parts(offset, from.length)) {
      if (part.whole || this.#store.stateOf(part.first) !== absent) continue;
      yield* this.#store.fetch(next, part);
      this.#keep(part, clean);
    }
    yield* this.#store.write(from, offset);
    this.#keep(this.#store.blocksCovering(offset, from.length), dirty);
  }

  /** A block that is written in part keeps its state. */
  *#writeThrough(next: Handle, from: Uint8Array, offset: bigint, fua: boolean): Steps {
    yield next.write!(from, offset, { fua });
    for (const part of this.#store.parts(offset, from.length)) {
      const state = part.whole ? clean : this.#store.stateOf(part.first);
      if (state === absent) continue;
      yield* this.#store.write(from.subarray(part.at, part.at + part.length), part.offset);
      this.#keep(part, state);
    }
  }

  *#fetch(next: Handle, blocks: Blocks): Steps {
    if (![...this.#store.runs(blocks)].some(({ state }) => state === absent)) return;
    yield* this.#store.hold(
      blocks,
      false,
      function* (this: BlockCache): Steps {
        for (const run of this.#store.runs(blocks)) {
          if (run.state !== absent) continue;
          yield* this.#store.fetch(next, run);
          this.#keep(run, clean);
        }
      }.bind(this),
    );
  }

  *#deliverAll(next: Handle, errors: unknown[]): Steps {
    for (const run of this.#store.runs(this.#store.all)) {
      if (run.state !== dirty) continue;
      for (let first = run.first; first < run.end; first += heldBlocks) {
        const blocks = { first, end: Math.min(first + heldBlocks, run.end) };
        try {
          yield* this.#store.hold(blocks, false, () => this.#deliverDirty(next, blocks));
        } catch (error) {
          this.#log.error(`cache: flush of block ${first} failed: ${messageOf(error)}`);
          errors.push(error);
        }
      }
    }
  }

  /** Delivers the blocks that are still dirty now that they are held. */
  *#deliverDirty(next: Handle, blocks: Blocks): Steps {
    for (const run of this.#store.runs(blocks)) if (run.state === dirty) yield* this.#deliver(next, run);
  }

  *#deliver(next: Handle, blocks: Blocks): Steps {
    yield* this.#store.deliver(next, blocks);
    this.#store.set(blocks, clean);
  }

  #keep(blocks: Blocks, state: number): void {
    this.#store.set(blocks, state);
    this.#recency?.used(blocks);
  }

  *#drop(blocks: Blocks): Steps {
    yield* this.#forget(
      blocks,
      [...this.#store.runs(blocks)].filter(({ state }) => state !== absent),
    );
  }

  /** @param stored the blocks that occupy space in the cache file */
  *#forget(blocks: Blocks, stored: readonly Blocks[]): Steps {
    this.#store.set(blocks, absent);
    this.#recency?.dropped(blocks);
    for (const run of stored) yield* this.#store.free(run);
  }

  /** Evicts blocks for all requests; other requests do not wait for it. */
  *#reclaim(next: Handle): Steps {
    const surplus = this.#isReclaiming ? [] : (this.#recency?.surplus() ?? []);
    if (surplus.length === 0) return;
    this.#isReclaiming = true;
    try {
      for (const block of surplus) {
        const blocks = { first: block, end: block + 1 };
        yield* this.#store.hold(blocks, false, () => this.#evict(next, blocks));
      }
    } catch (error) {
      // The block is still dirty. The next flush tries again, and its client gets the error.
      this.#log.error(`cache: cannot make room: ${messageOf(error)}`);
    } finally {
      this.#isReclaiming = false;
    }
  }

  *#evict(next: Handle, blocks: Blocks): Steps {
    if (this.#store.stateOf(blocks.first) === dirty) {
      // The block may have to stay. Mark it as used, so that the next eviction tries other blocks first.
      this.#recency!.used(blocks);
      // A read-only connection cannot deliver it; a later request of a writable connection evicts it.
      if (next.write === undefined) return;
      yield* this.#deliver(next, blocks);
    }
    yield* this.#drop(blocks);
  }
}
