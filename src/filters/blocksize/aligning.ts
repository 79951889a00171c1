import type { BlockSize, Handle, HandleChanges, WriteFlags, ZeroFlags } from "../../contract/handle.ts";
import { type BlockPart, blockParts } from "../../core/block-parts.ts";
import { NbdError } from "../../core/errors.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import type { RangeGate } from "../../core/range-gate.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { type CompleteHandle, completeHandle } from "../../served/complete-handle.ts";
import { checkedExtents, clipExtents, lengthOf } from "../../served/extents.ts";
import type { Limits } from "./limits.ts";

// Splits requests into whole blocks of at most `maxdata` or `maxlen` bytes.
//
// - A write or zero of a part of a block is a read-modify-write cycle. The RangeGate holds the block
//   exclusively for the cycle, so that no other request changes the block between the read and the write.
// - Requests of whole blocks hold the gate shared: they may run at the same time, but not during such a
//   cycle.
// - A trim skips partial blocks, because a trim may leave data unchanged.

/** The handle changes of a filter that passes on only whole blocks, within `limits`. */
export function aligning(next: Handle, limits: Limits, gate: RangeGate): HandleChanges {
  const { minblock } = limits;
  // A partial last block is not served: the disk below cannot write it as a whole block.
  const size = next.size - (next.size % BigInt(minblock));
  const requests = new Aligning(completeHandle(next), limits, gate, size);
  const { write, trim, zero, cache, extents } = next;
  return {
    size,
    blockSize: advertised(next, minblock),
    ...nowWithin(next, limits, gate),
    read: (into, offset) => requests.read(into, offset),
    write: write && ((from, offset, flags) => requests.write(from, offset, flags)),
    trim: trim && ((offset, length, flags) => requests.trim(offset, length, flags)),
    zero: zero && ((offset, length, flags) => requests.zero(offset, length, flags)),
    cache: cache && ((offset, length) => requests.cache(offset, length)),
    extents: extents && ((offset, length, one) => requests.extents(offset, length, one)),
    // With emulated FUA, the server flushes once after all pieces; passed on, each piece would flush.
    nativeFua: next.nativeFua === true && next.fuaByFlushing !== true,
    metaContexts: minblock === 1 ? next.metaContexts : undefined,
  };
}

/** Clients may send requests of any size; the preferred size avoids read-modify-write cycles. */
function advertised({ blockSize }: Handle, minblock: number): BlockSize {
  return { minimum: 1, preferred: Math.max(blockSize?.preferred ?? 0, 4096, minblock), maximum: 0xffff_ffff };
}

/** The fast path, for requests that need no splitting, while no other request changes a part of a block. */
function nowWithin(next: Handle, { minblock, maxdata }: Limits, gate: RangeGate): HandleChanges {
  const { readNow, writeNow } = applyChanges(next, {});
  const isOnePiece = (length: number, offset: number): boolean =>
    length <= maxdata && length % minblock === 0 && offset % minblock === 0;
  const isFree = (start: number, end: number): boolean => gate.isFree(start / minblock, end / minblock, true);
  return {
    readNow:
      readNow &&
      ((buffer, start, end, offset) =>
        isOnePiece(end - start, offset) && readNow(buffer, start, end, offset)),
    writeNow:
      writeNow &&
      ((buffer, start, end, offset) =>
        isOnePiece(end - start, offset) &&
        isFree(offset, offset + end - start) &&
        writeNow(buffer, start, end, offset)),
  };
}

class Aligning {
  readonly #next: CompleteHandle;
  readonly #limits: Limits;
  readonly #gate: RangeGate;
  readonly #size: bigint;

  constructor(next: CompleteHandle, limits: Limits, gate: RangeGate, size: bigint) {
    this.#next = next;
    this.#limits = limits;
    this.#gate = gate;
    this.#size = size;
  }

  async read(into: Uint8Array, offset: bigint): Promise<void> {
    for (const part of this.#parts(offset, into.length)) {
      const bytes = into.subarray(part.at, part.at + part.length);
      if (part.whole) await this.#readPieces(bytes, part.offset);
      else bytes.set((await this.#readBlock(part)).subarray(this.#inside(part)).subarray(0, part.length));
    }
  }

  async write(from: Uint8Array, offset: bigint, flags: WriteFlags): Promise<void> {
    for (const part of this.#parts(offset, from.length)) {
      const bytes = from.subarray(part.at, part.at + part.length);
      if (part.whole) await this.#writePieces(part, bytes, flags);
      else await this.#change(part, flags, (block, at) => block.set(bytes, at));
    }
  }

  /** Trims whole blocks only; partial blocks stay unchanged. */
  async trim(offset: bigint, length: number, flags: WriteFlags): Promise<void> {
    for (const part of this.#parts(offset, length)) {
      if (!part.whole) continue;
      await this.#shared(part, (at, bytes) => this.#next.trim(at, bytes, flags));
    }
  }

  /** @throws NbdError ENOTSUP for a fast zero that must be split, because a later piece could be slow */
  async zero(offset: bigint, length: number, flags: ZeroFlags): Promise<void> {
    const parts = this.#parts(offset, length);
    if (flags.fastZero && (length > this.#limits.maxlen || parts.some(({ whole }) => !whole))) {
      throw new NbdError(
        "ENOTSUP",
        "fast zero refused: the range is not whole blocks, or is longer than maxlen",
      );
    }
    for (const part of parts) {
      if (part.whole) await this.#shared(part, (at, bytes) => this.#next.zero(at, bytes, flags));
      else await this.#change(part, flags, (block, at) => block.fill(0, at, at + part.length));
    }
  }

  async cache(offset: bigint, length: number): Promise<void> {
    const { start, bytes } = this.#wholeBlocks(offset, length);
    await pieces(start, bytes, this.#limits.maxdata, (at, piece) => this.#next.cache(at, piece));
  }

  async extents(offset: bigint, length: number, requestOne: boolean): Promise<readonly Extent[]> {
    const { start, bytes } = this.#wholeBlocks(offset, length);
    const asked = Math.min(bytes, this.#limits.maxlen);
    const block = BigInt(this.#limits.minblock);
    const found = await this.#extentsOfBlock(start, asked, requestOne);
    const extents = clipExtents(found, { length: BigInt(asked), block, requestOne });
    // The first extent starts at a whole block. Cut it, so that the answer starts at the requested offset.
    return extents.map((extent, index) =>
      index > 0 ? extent : { ...extent, length: extent.length - (offset - start) },
    );
  }

  /**
   * Asks again when an answer ends inside the first block, until the extents cover at least one whole block.
   */
  async #extentsOfBlock(start: bigint, asked: number, requestOne: boolean): Promise<readonly Extent[]> {
    const { minblock } = this.#limits;
    const found = [...checkedExtents(await this.#next.extents(start, asked, requestOne))];
    for (let known = lengthOf(found); known < minblock; known = lengthOf(found)) {
      const at = start + known;
      if (at % BigInt(this.#next.blockSize?.minimum ?? 1) !== 0n) break;
      const rest = checkedExtents(await this.#next.extents(at, minblock - Number(known), false));
      if (lengthOf(rest) <= 0n) break;
      found.push(...rest);
    }
    return found;
  }

  #parts(offset: bigint, length: number): readonly BlockPart[] {
    return [...blockParts(offset, length, this.#limits.minblock, this.#size)];
  }

  /** The offset of a part within its block, in bytes. */
  #inside({ offset }: BlockPart): number {
    return Number(offset % BigInt(this.#limits.minblock));
  }

  /** The smallest range of whole blocks that covers a range. */
  #wholeBlocks(offset: bigint, length: number): { readonly start: bigint; readonly bytes: number } {
    const block = BigInt(this.#limits.minblock);
    const start = offset - (offset % block);
    const end = ((offset + BigInt(length) + block - 1n) / block) * block;
    return { start, bytes: Number(end - start) };
  }

  async #readBlock(part: BlockPart): Promise<Buffer> {
    const block = Buffer.allocUnsafe(this.#limits.minblock);
    await this.#next.read(block, part.offset - BigInt(this.#inside(part)));
    return block;
  }

  async #readPieces(into: Uint8Array, offset: bigint): Promise<void> {
    const read = (at: bigint, from: number, to: number) => this.#next.read(into.subarray(from, to), at);
    await pieces(offset, into.length, this.#limits.maxdata, (at, bytes, done) =>
      read(at, done, done + bytes),
    );
  }

  async #writePieces(part: BlockPart, from: Uint8Array, flags: WriteFlags): Promise<void> {
    const { maxdata } = this.#limits;
    await this.#gate.hold(part.first, part.end, true, () =>
      pieces(part.offset, from.length, maxdata, (at, bytes, done) =>
        this.#next.write(from.subarray(done, done + bytes), at, flags),
      ),
    );
  }

  /** Read-modify-write of one block, held exclusively. */
  async #change(
    part: BlockPart,
    flags: WriteFlags,
    apply: (block: Buffer, at: number) => void,
  ): Promise<void> {
    const { fua } = flags;
    const inside = this.#inside(part);
    await this.#gate.hold(part.first, part.end, false, async () => {
      const block = await this.#readBlock(part);
      apply(block, inside);
      await this.#next.write(block, part.offset - BigInt(inside), { fua });
    });
  }

  async #shared(part: BlockPart, perform: Perform): Promise<void> {
    const { first, end, offset, length } = part;
    await this.#gate.hold(first, end, true, () => pieces(offset, length, this.#limits.maxlen, perform));
  }
}

type Perform = (offset: bigint, bytes: number, done: number) => MaybePromise<unknown>;

async function pieces(offset: bigint, length: number, pieceBytes: number, perform: Perform): Promise<void> {
  for (let done = 0; done < length; done += pieceBytes) {
    await perform(offset + BigInt(done), Math.min(pieceBytes, length - done), done);
  }
}
