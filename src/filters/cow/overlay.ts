import type { Handle } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { Steps } from "../../core/maybe-promise.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";

// The blocks that clients changed. Each block is in one of three states.
//
// - below: the disk below has the data.
// - here: the overlay has the data.
// - zeroes: the block is all zeroes and is stored nowhere.
//
// A change holds its blocks exclusively. A read holds nothing: a block is complete before its state becomes
// `here`.

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
  #isUnchanged = true;

  /** @param size size of the disk, in bytes */
  constructor(blockBytes: number, size: bigint, host: Host) {
    const traced: Trace = (blocks, state) => host.debug(`cow: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? traced : undefined;
    this.#store = new BlockStore("nbdkit-cow", blockBytes, size, trace);
  }

  /** The overlay has no changes, so it can be dropped. */
  get isUnused(): boolean {
    return this.#isUnchanged;
  }

  *read(next: Handle, into: Uint8Array, offset: bigint, copying: boolean): Steps {
    if (copying) yield* this.copy(next, offset, into.length);
    for (const { state, start, end } of this.#store.pieces(offset, into.length)) {
      const part = into.subarray(Number(start - offset), Number(end - offset));
      if (state === zeroes) part.fill(0);
      else if (state === here) yield* this.#store.read(part, start);
      else yield next.read(part, start);
    }
  }

  *write(next: Handle, from: Uint8Array, offset: bigint): Steps {
    yield* this.#change(this.#store.blocksCovering(offset, from.length), function* (this: Overlay) {
      for (const part of this.#store.parts(offset, from.length))
        if (!part.whole) yield* this.#bring(next, part);
      yield* this.#store.write(from, offset);
      this.#store.set(this.#store.blocksCovering(offset, from.length), here);
    });
  }

  /**
   * Zeroes or trims.
   * @throws NbdError ENOTSUP for a fast zero of a part of a block that is not zeroes already
   */
  *zero(next: Handle, offset: bigint, length: number, fast = false): Steps {
    yield* this.#change(this.#store.blocksCovering(offset, length), function* (this: Overlay) {
      const parts = this.#store.parts(offset, length);
      const cut = parts.filter(({ whole, first }) => !whole && this.#store.stateOf(first) !== zeroes);
      if (fast && cut.length > 0) throw new NbdError("ENOTSUP", "only whole blocks are zeroed quickly");
      for (const part of cut) {
        yield* this.#bring(next, part);
        yield* this.#store.writeZeroes({ start: part.offset, end: part.offset + BigInt(part.length) });
      }
      for (const part of parts) if (part.whole) yield* this.#forget(part);
    });
  }

  /** Copies blocks from the disk below into the overlay. */
  *copy(next: Handle, offset: bigint, length: number): Steps {
    const blocks = this.#store.blocksCovering(offset, length);
    if (![...this.#store.runs(blocks)].some(({ state }) => state === below)) return;
    yield* this.#change(blocks, function* (this: Overlay) {
      for (const run of this.#store.runs(blocks)) if (run.state === below) yield* this.#bring(next, run);
    });
  }

  extents(next: Handle, offset: bigint, length: number, requestOne: boolean): Steps<readonly Extent[]> {
    return this.#store.extents(next, { offset, length, requestOne }, (state) =>
      state === below ? undefined : { hole: state === zeroes, zero: state === zeroes },
    );
  }

  close(): void {
    this.#store.close();
  }

  *#change(blocks: Blocks, body: (this: Overlay) => Steps): Steps {
    this.#isUnchanged = false;
    yield* this.#store.hold(blocks, false, () => body.call(this));
  }

  /** Fills blocks of one state into the overlay, so that a part of them can be changed. */
  *#bring(next: Handle, blocks: Blocks): Steps {
    const state = this.#store.stateOf(blocks.first);
    if (state === here) return;
    if (state === zeroes) yield* this.#store.writeZeroes(this.#store.bytesOf(blocks));
    else yield* this.#store.fetch(next, blocks);
    this.#store.set(blocks, here);
  }

  *#forget(blocks: Blocks): Steps {
    const stored = [...this.#store.runs(blocks)].filter(({ state }) => state === here);
    this.#store.set(blocks, zeroes);
    for (const run of stored) yield* this.#store.free(run);
  }
}
