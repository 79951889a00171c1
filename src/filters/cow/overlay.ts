import type { Host } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";
import type { Toggle } from "../../kit/toggle.ts";
import type { CompleteHandle } from "../../served/complete-handle.ts";

// The blocks that clients changed. Each block is in one of three states.
//
// - below: the disk below has the data.
// - here: the overlay has the data.
// - zeroes: the block is all zeroes and is stored nowhere.
//
// A change holds its blocks exclusively. A read holds nothing: a block is complete before its state becomes
// `here`. `readNow` and `writeNow` run to their end without waiting, so they hold nothing either; they leave
// blocks alone that another request holds.

const below = 0;
const here = 1;
const zeroes = 2;
const stateNames = ["as in the disk below", "kept here", "zeroes"] as const;

/**
 * The overlay of one disk. Each method gets the handle of the disk below, because each client has its own
 * handle.
 */
export class Overlay {
  readonly #store: BlockStore;
  readonly #copiesReads: Toggle;
  #isUnchanged = true;

  /**
   * @param size size of the disk, in bytes
   * @param copiesReads whether blocks that are read are copied into the overlay
   */
  constructor(blockBytes: number, size: bigint, copiesReads: Toggle, host: Host) {
    this.#copiesReads = copiesReads;
    const traced: Trace = (blocks, state) => host.debug(`cow: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? traced : undefined;
    this.#store = new BlockStore("nbdkit-cow", blockBytes, size, trace);
  }

  /** The overlay has no changes, so it can be dropped. */
  get isUnused(): boolean {
    return this.#isUnchanged;
  }

  async read(next: CompleteHandle, into: Uint8Array, offset: bigint): Promise<void> {
    if (this.#copiesReads()) await this.copy(next, offset, into.length);
    for (const { state, start, end } of this.#store.pieces(offset, into.length)) {
      const part = into.subarray(Number(start - offset), Number(end - offset));
      if (state === zeroes) part.fill(0);
      else if (state === here) await this.#store.read(part, start);
      else await next.read(part, start);
    }
  }

  write(next: CompleteHandle, from: Uint8Array, offset: bigint): Promise<void> {
    return this.#change(this.#store.blocksCovering(offset, from.length), async () => {
      for (const part of this.#store.parts(offset, from.length))
        if (!part.whole) await this.#bring(next, part);
      await this.#store.write(from, offset);
      this.#store.set(this.#store.blocksCovering(offset, from.length), here);
    });
  }

  readNow(next: CompleteHandle, buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    switch (this.#store.stateNow(offset, end - start, true)) {
      case here:
        return this.#store.readNow(buffer, start, end, offset);
      case below:
        return !this.#copiesReads() && next.readNow(buffer, start, end, offset);
      case zeroes:
        buffer.fill(0, start, end);
        return true;
      default:
        return false;
    }
  }

  /** Writes into blocks of the overlay, and whole blocks anywhere. */
  writeNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    const state = this.#store.stateNow(offset, end - start, false);
    if (state === undefined) return false;
    const parts = this.#store.parts(BigInt(offset), end - start);
    if (state !== here && parts.some(({ whole }) => !whole)) return false;
    if (!this.#store.writeNow(buffer, start, end, offset)) return false;
    this.#isUnchanged = false;
    this.#store.set(this.#store.blocksCovering(BigInt(offset), end - start), here);
    return true;
  }

  /**
   * Zeroes or trims.
   * @throws NbdError ENOTSUP for a fast zero of a part of a block that is not zeroes already
   */
  zero(next: CompleteHandle, offset: bigint, length: number, fast = false): Promise<void> {
    return this.#change(this.#store.blocksCovering(offset, length), async () => {
      const parts = this.#store.parts(offset, length);
      const cut = parts.filter(({ whole, first }) => !whole && this.#store.stateOf(first) !== zeroes);
      if (fast && cut.length > 0) throw new NbdError("ENOTSUP", "only whole blocks are zeroed quickly");
      for (const part of cut) {
        await this.#bring(next, part);
        await this.#store.writeZeroes({ start: part.offset, end: part.offset + BigInt(part.length) });
      }
      for (const part of parts) if (part.whole) await this.#forget(part);
    });
  }

  /** Copies blocks from the disk below into the overlay. */
  async copy(next: CompleteHandle, offset: bigint, length: number): Promise<void> {
    const blocks = this.#store.blocksCovering(offset, length);
    if (![...this.#store.runs(blocks)].some(({ state }) => state === below)) return;
    await this.#change(blocks, async () => {
      for (const run of this.#store.runs(blocks)) if (run.state === below) await this.#bring(next, run);
    });
  }

  extents(
    next: CompleteHandle,
    offset: bigint,
    length: number,
    requestOne: boolean,
  ): Promise<readonly Extent[]> {
    return this.#store.extents(next, { offset, length, requestOne }, (state) =>
      state === below ? undefined : { hole: state === zeroes, zero: state === zeroes },
    );
  }

  close(): void {
    this.#store.close();
  }

  #change(blocks: Blocks, body: () => Promise<void>): Promise<void> {
    this.#isUnchanged = false;
    return this.#store.hold(blocks, false, body);
  }

  /** Fills blocks of one state into the overlay, so that a part of them can be changed. */
  async #bring(next: CompleteHandle, blocks: Blocks): Promise<void> {
    const state = this.#store.stateOf(blocks.first);
    if (state === here) return;
    if (state === zeroes) await this.#store.writeZeroes(this.#store.bytesOf(blocks));
    else await this.#store.fetch(next, blocks);
    this.#store.set(blocks, here);
  }

  async #forget(blocks: Blocks): Promise<void> {
    const stored = [...this.#store.runs(blocks)].filter(({ state }) => state === here);
    this.#store.set(blocks, zeroes);
    for (const run of stored) await this.#store.free(run);
  }
}
