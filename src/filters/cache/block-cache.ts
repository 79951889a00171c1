import type { WriteFlags } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";
import type { Toggle } from "../../kit/toggle.ts";
import type { CompleteHandle } from "../../served/complete-handle.ts";
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
//
// `readNow` and `writeNow` run to their end without waiting, so they hold nothing; they leave blocks alone
// that another request holds.

const absent = 0;
const clean = 1;
const dirty = 2;
const stateNames = ["not cached", "cached", "newer here than in the disk below"] as const;

/** Long operations hold at most this many blocks at a time, so that other requests can run in between. */
const heldBlocks = 64;

export interface CacheOptions {
  readonly mode: "writeback" | "writethrough" | "unsafe";
  readonly blockBytes: number;
  /** Whether blocks that are read are kept. */
  readonly keepsReads: Toggle;
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
  readonly #keepsReads: Toggle;
  readonly #log: Host;
  readonly #store: BlockStore;
  readonly #recency: Recency | undefined;
  #isReclaiming = false;

  /** @param size size of the disk, in bytes */
  constructor({ mode, blockBytes, keepsReads, limit, host }: CacheOptions, size: bigint) {
    this.#mode = mode;
    this.#keepsReads = keepsReads;
    this.#log = host;
    const traced: Trace = (blocks, state) => host.debug(`cache: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? traced : undefined;
    this.#store = new BlockStore("nbdkit-cache", blockBytes, size, trace);
    this.#recency = limit && new Recency(limit, blockBytes);
  }

  get isUnused(): boolean {
    return this.#store.isUnused;
  }

  async read(next: CompleteHandle, into: Uint8Array, offset: bigint): Promise<void> {
    const blocks = this.#store.blocksCovering(offset, into.length);
    if (this.#keepsReads()) await this.#fetch(next, blocks);
    await this.#store.hold(blocks, true, () => this.#readPieces(next, into, offset));
    await this.#reclaim(next);
  }

  async write(next: CompleteHandle, from: Uint8Array, offset: bigint, { fua }: WriteFlags): Promise<void> {
    const through = this.#mode === "writethrough" || (fua && this.#mode === "writeback");
    const blocks = this.#store.blocksCovering(offset, from.length);
    const write = () =>
      through ? this.#writeThrough(next, from, offset, fua) : this.#writeHere(next, from, offset);
    await this.#store.hold(blocks, false, () => this.#change(blocks, write));
    await this.#reclaim(next);
  }

  readNow(next: CompleteHandle, buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    const state = this.#stateNow(offset, end - start, true);
    if (state === undefined) return false;
    if (state === absent) return !this.#keepsReads() && next.readNow(buffer, start, end, offset);
    if (!this.#store.readNow(buffer, start, end, offset)) return false;
    this.#recency?.used(this.#store.blocksCovering(BigInt(offset), end - start));
    return true;
  }

  /**
   * Writes into dirty blocks and whole new ones. A clean block must stay equal to the disk below if the write
   * fails in the middle, and a new block in a cache of limited size may have to wait for an eviction. With
   * writethrough, writes parts of blocks that are not cached.
   */
  writeNow(next: CompleteHandle, buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    const state = this.#stateNow(offset, end - start, false);
    const parts = this.#store.parts(BigInt(offset), end - start);
    const staysAbsent = state === absent && parts.every(({ whole }) => !whole);
    if (this.#mode === "writethrough") return staysAbsent && next.writeNow(buffer, start, end, offset);
    const isNew = state === absent && this.#recency === undefined && parts.every(({ whole }) => whole);
    if (state !== dirty && !isNew) return false;
    if (!this.#store.writeNow(buffer, start, end, offset)) return false;
    this.#keep(this.#store.blocksCovering(BigInt(offset), end - start), dirty);
    return true;
  }

  /** Applies a change to the disk below: first delivers the dirty blocks, then drops all of the blocks. */
  async bypass(
    next: CompleteHandle,
    offset: bigint,
    length: number,
    { fua }: WriteFlags,
    change: (flags: WriteFlags) => MaybePromise<void>,
  ): Promise<void> {
    const blocks = this.#store.blocksCovering(offset, length);
    await this.#store.hold(blocks, false, async () => {
      await this.#deliverDirty(next, blocks);
      await this.#drop(blocks);
      await change({ fua });
    });
  }

  /** Fetches blocks into the cache (NBD_CMD_CACHE). */
  async copy(next: CompleteHandle, offset: bigint, length: number): Promise<void> {
    const blocks = this.#store.blocksCovering(offset, length);
    for (let first = blocks.first; first < blocks.end; first += heldBlocks) {
      await this.#fetch(next, { first, end: Math.min(first + heldBlocks, blocks.end) });
      await this.#reclaim(next);
    }
  }

  /** Flushes if any block is dirty: the client may have disconnected without a flush. */
  async settle(next: CompleteHandle): Promise<void> {
    if (!next.canWrite) return;
    for (const { state } of this.#store.runs(this.#store.all)) {
      if (state === dirty) return await this.flush(next);
    }
  }

  /**
   * Tries to deliver every dirty block and throws the first error. The next flush tries failed blocks again.
   */
  async flush(next: CompleteHandle): Promise<void> {
    if (this.#mode === "unsafe") return;
    const errors: unknown[] = [];
    if (next.canWrite) await this.#deliverAll(next, errors);
    await next.flush();
    if (errors.length > 0) throw errors[0];
  }

  extents(
    next: CompleteHandle,
    offset: bigint,
    length: number,
    requestOne: boolean,
  ): Promise<readonly Extent[]> {
    return this.#store.extents(next, { offset, length, requestOne }, (state) =>
      state === dirty ? { hole: false, zero: false } : undefined,
    );
  }

  close(): void {
    this.#store.close();
  }

  /** As {@link BlockStore.stateNow}; also undefined when blocks must be evicted first. */
  #stateNow(offset: number, length: number, shared: boolean): number | undefined {
    return this.#recency?.isOverfull ? undefined : this.#store.stateNow(offset, length, shared);
  }

  async #readPieces(next: CompleteHandle, into: Uint8Array, offset: bigint): Promise<void> {
    for (const { state, start, end } of this.#store.pieces(offset, into.length)) {
      const part = into.subarray(Number(start - offset), Number(end - offset));
      if (state === absent) await next.read(part, start);
      else {
        await this.#store.read(part, start);
        this.#recency?.used(this.#store.blocksCovering(start, part.length));
      }
    }
  }

  /** After a failed change, clean blocks become absent: the change may have been applied in part. */
  async #change(blocks: Blocks, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      for (const run of this.#store.runs(blocks)) if (run.state !== dirty) await this.#forget(run, [run]);
      throw error;
    }
  }

  async #writeHere(next: CompleteHandle, from: Uint8Array, offset: bigint): Promise<void> {
    for (const part of this.#store.parts(offset, from.length)) {
      if (part.whole || this.#store.stateOf(part.first) !== absent) continue;
      await this.#store.fetch(next, part);
      this.#keep(part, clean);
    }
    await this.#store.write(from, offset);
    this.#keep(this.#store.blocksCovering(offset, from.length), dirty);
  }

  /** A block that is written in part keeps its state. */
  async #writeThrough(next: CompleteHandle, from: Uint8Array, offset: bigint, fua: boolean): Promise<void> {
    await next.write(from, offset, { fua });
    for (const part of this.#store.parts(offset, from.length)) {
      const state = part.whole ? clean : this.#store.stateOf(part.first);
      if (state === absent) continue;
      await this.#store.write(from.subarray(part.at, part.at + part.length), part.offset);
      this.#keep(part, state);
    }
  }

  async #fetch(next: CompleteHandle, blocks: Blocks): Promise<void> {
    if (![...this.#store.runs(blocks)].some(({ state }) => state === absent)) return;
    await this.#store.hold(blocks, false, async () => {
      for (const run of this.#store.runs(blocks)) {
        if (run.state !== absent) continue;
        await this.#store.fetch(next, run);
        this.#keep(run, clean);
      }
    });
  }

  async #deliverAll(next: CompleteHandle, errors: unknown[]): Promise<void> {
    for (const run of this.#store.runs(this.#store.all)) {
      if (run.state !== dirty) continue;
      for (let first = run.first; first < run.end; first += heldBlocks) {
        const blocks = { first, end: Math.min(first + heldBlocks, run.end) };
        try {
          await this.#store.hold(blocks, false, () => this.#deliverDirty(next, blocks));
        } catch (error) {
          this.#log.error(`cache: flush of block ${first} failed: ${messageOf(error)}`);
          errors.push(error);
        }
      }
    }
  }

  /** Delivers the blocks that are still dirty now that they are held. */
  async #deliverDirty(next: CompleteHandle, blocks: Blocks): Promise<void> {
    for (const run of this.#store.runs(blocks)) if (run.state === dirty) await this.#deliver(next, run);
  }

  async #deliver(next: CompleteHandle, blocks: Blocks): Promise<void> {
    await this.#store.deliver(next, blocks);
    this.#store.set(blocks, clean);
  }

  #keep(blocks: Blocks, state: number): void {
    this.#store.set(blocks, state);
    this.#recency?.used(blocks);
  }

  async #drop(blocks: Blocks): Promise<void> {
    const stored = [...this.#store.runs(blocks)].filter(({ state }) => state !== absent);
    await this.#forget(blocks, stored);
  }

  /** @param stored the blocks that occupy space in the cache file */
  async #forget(blocks: Blocks, stored: readonly Blocks[]): Promise<void> {
    this.#store.set(blocks, absent);
    this.#recency?.dropped(blocks);
    for (const run of stored) await this.#store.free(run);
  }

  /** Evicts blocks for all requests; other requests do not wait for it. */
  async #reclaim(next: CompleteHandle): Promise<void> {
    const surplus = this.#isReclaiming ? [] : (this.#recency?.surplus() ?? []);
    if (surplus.length === 0) return;
    this.#isReclaiming = true;
    try {
      for (const block of surplus) {
        const blocks = { first: block, end: block + 1 };
        await this.#store.hold(blocks, false, () => this.#evict(next, blocks));
      }
    } catch (error) {
      // The block is still dirty. The next flush tries again, and its client gets the error.
      this.#log.error(`cache: cannot make room: ${messageOf(error)}`);
    } finally {
      this.#isReclaiming = false;
    }
  }

  async #evict(next: CompleteHandle, blocks: Blocks): Promise<void> {
    if (this.#store.stateOf(blocks.first) === dirty) {
      // The block may have to stay. Mark it as used, so that the next eviction tries other blocks first.
      this.#recency?.used(blocks);
      // A read-only connection cannot deliver it; a later request of a writable connection evicts it.
      if (!next.canWrite) return;
      await this.#deliver(next, blocks);
    }
    await this.#drop(blocks);
  }
}
