import type { Handle } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { Steps } from "../../core/maybe-promise.ts";
import { BlockStore, type Blocks, type Trace } from "../../descriptor/block-store.ts";

/** Where the bytes of a block are: in the disk below, here, or nowhere, because it is zeroes. */
const below = 0;
const here = 1;
const zeroes = 2;
const stateNames = ["as in the disk below", "kept here", "zeroes"] as const;

/**
 * What clients changed of a disk. The disk itself comes with each request, as every client has a handle of its own.
 * Those who change a block take turns; who only reads needs none, as a block is complete before it is said to be here.
 */
export class Overlay {
  readonly #store: BlockStore;
  #isUnchanged = true;

  /** @param size of the disk, in bytes */
  constructor(blockBytes: number, size: bigint, host: Host) {
    const told: Trace = (blocks, state) => host.debug(`cow: ${blocks}: ${stateNames[state]}`);
    const trace = host.debugFlag("verbose") > 0 ? told : undefined;
    this.#store = new BlockStore("nbdkit-cow", blockBytes, size, trace);
  }

  /** Nobody needs to remember it. */
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

  /** Also for what is trimmed. @throws NbdError ENOTSUP for a fast one that would have to keep bytes around it */
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

  /** Brings here what is below. */
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

  /** Makes blocks in one state complete here, so that a part of them can be changed. */
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
