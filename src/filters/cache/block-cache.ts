import type { Handle, WriteFlags } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise, Steps } from "../../core/maybe-promise.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";
import { type Limit, Recency } from "./recency.ts";

/** A block is only in the disk below; here too; here, and newer than in the disk below. */
const absent = 0;
const clean = 1;
const dirty = 2;
const stateNames = ["not cached", "cached", "newer here than in the disk below"] as const;

/** What takes long is done for so many blocks at a time, so that others need not wait for all of it. */
const heldBlocks = 64;

export interface CacheOptions {
  readonly mode: "writeback" | "writethrough" | "unsafe";
  readonly blockBytes: number;
  /** Absent where the cache may take what it needs. */
  readonly limit: Limit | undefined;
  readonly host: Host;
}

/** The cache of one disk, which comes with each request, as every client has a handle of its own. */
export class BlockCache {
  readonly #mode: CacheOptions["mode"];
  readonly #log: Host;
  readonly #store: BlockStore;
  readonly #recency: Recency | undefined;
  #isReclaiming = false;

  /** @param size of the disk, in bytes */
  constructor({ mode, blockBytes, limit, host }: CacheOptions, size: bigint) {
    this.#mode = mode;
    this.#log = host;
    const told: Trace = (blocks, state) => host.debug(`cache: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? told : undefined;
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

  /** A change that goes past the cache: what is newer here goes before it, and nothing is kept here after it. */
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

  /** Keeps what a client will want to read. */
  *copy(next: Handle, offset: bigint, length: number): Steps {
    const blocks = this.#store.blocksCovering(offset, length);
    for (let first = blocks.first; first < blocks.end; first += heldBlocks) {
      yield* this.#fetch(next, { first, end: Math.min(first + heldBlocks, blocks.end) });
      yield* this.#reclaim(next);
    }
  }

  /** A client has gone, and might not have flushed. */
  *settle(next: Handle): Steps {
    if (next.write === undefined) return;
    for (const { state } of this.#store.runs(this.#store.all)) {
      if (state === dirty) return yield* this.flush(next);
    }
  }

  /** Tries everything, and throws the first error; what could not be written is tried again with the next flush. */
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

  /** Nobody knows what a change that fails has done, so only what is newer here is still taken from here. */
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

  /** Blocks of which only a part is written stay as new or old as they were. */
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

  /** Those that are still newer here when their turn has come. */
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

  /** @param stored those of the blocks that take room here */
  *#forget(blocks: Blocks, stored: readonly Blocks[]): Steps {
    this.#store.set(blocks, absent);
    this.#recency?.dropped(blocks);
    for (const run of stored) yield* this.#store.free(run);
  }

  /** One does it for all; the others may go on meanwhile. */
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
      // The block is still here, and its client will hear of it when it flushes.
      this.#log.error(`cache: cannot make room: ${messageOf(error)}`);
    } finally {
      this.#isReclaiming = false;
    }
  }

  *#evict(next: Handle, blocks: Blocks): Steps {
    if (this.#store.stateOf(blocks.first) === dirty) {
      // It may have to stay, and then others come before it the next time.
      this.#recency!.used(blocks);
      // Clients that write will come by and drop it.
      if (next.write === undefined) return;
      yield* this.#deliver(next, blocks);
    }
    yield* this.#drop(blocks);
  }
}
