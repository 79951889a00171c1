import { NbdError } from "../core/errors.ts";
import type { Extent, StatusExtent } from "../core/extent.ts";

/** What a client wants to know the states of; bytes. */
export interface StatusRange {
  readonly length: bigint;
  /** The export's smallest block, a power of two. The range begins with one. */
  readonly block: bigint;
  /** Only the first extent. */
  readonly requestOne: boolean;
}

/**
 * What a handle answered about extents, made fit for use: cut to the range and to whole blocks, with neighbours in the same state
 * merged and without empty ones. In a block of several states, data beats a hole, and what may not be zero beats zero.
 * @param extents what `extents` of a handle returned; they may end early or go past the range
 * @param range what was asked for
 * @returns at least one extent
 * @throws NbdError EIO where that is no list of extents, or is empty
 */
export function clipExtents(extents: readonly Extent[], range: StatusRange): readonly Extent[] {
  const states = checkedExtents(extents).map(({ length, hole, zero }) => ({
    length,
    state: (hole ? holeBit : 0n) | (zero ? zeroBit : 0n),
  }));
  return clipStatus(states, range).map(({ length, state }) => ({
    length,
    hole: (state & holeBit) !== 0n,
    zero: (state & zeroBit) !== 0n,
  }));
}

/** Plugins may be written without types. @throws NbdError EIO for what is no list of extents */
export function checkedExtents(extents: readonly Extent[]): readonly Extent[] {
  if (!Array.isArray(extents) || !extents.every(isExtent)) throw new NbdError("EIO", noExtents);
  return extents;
}

/** bytes */
export function lengthOf(extents: readonly { readonly length: bigint }[]): bigint {
  return extents.reduce((sum, { length }) => sum + length, 0n);
}

const [holeBit, zeroBit] = [1n, 2n];

const noExtents =
  "what the plugin or a filter returned is no list of extents: use [{ length, hole, zero }] with a bigint and two booleans";

function isExtent(extent: Extent | null): boolean {
  return typeof extent?.length === "bigint";
}

/**
 * Cuts the list to the range and to whole blocks (doc/proto.md, "NBD_CMD_BLOCK_STATUS"), merges neighbours in the same
 * state and drops empty ones. A block of several states has the bits that they share: no bit says something that is
 * not true of the whole block, and 0 is always safe to say.
 */
export function clipStatus(extents: readonly StatusExtent[], range: StatusRange): readonly StatusExtent[] {
  const { length, block, requestOne } = range;
  const clipped = new StatusList();
  let left = length;
  /** The beginning of a block that the next extent goes on with. */
  let open = { length: 0n, state: 0n };
  for (const { length: wanted, state } of extents) {
    if (left === 0n) break;
    if (wanted < 0n)
      throw new NbdError("EIO", `the plugin or a filter returned an extent of ${wanted} bytes`);
    if (wanted === 0n) continue;
    let rest = smaller(wanted, left);
    left -= rest;
    if (open.length > 0n) {
      const taken = smaller(rest, block - open.length);
      open = { length: open.length + taken, state: open.state & state };
      rest -= taken;
      if (open.length < block) continue;
      clipped.add(open);
    }
    const whole = rest - (rest % block);
    clipped.add({ length: whole, state });
    open = { length: rest - whole, state };
  }
  // The end of the range ends its last block too. Of one that is cut off anywhere else, only that it is there is known.
  if (left === 0n) clipped.add(open);
  else if (clipped.isEmpty && open.length > 0n) clipped.add({ length: smaller(block, length), state: 0n });
  if (clipped.isEmpty) throw new NbdError("EIO", "the plugin or a filter returned no extents for the range");
  return requestOne ? clipped.extents.slice(0, 1) : clipped.extents;
}

/** Extents of which no two neighbours are in the same state, and none is empty. */
class StatusList {
  readonly extents: { length: bigint; readonly state: bigint }[] = [];

  get isEmpty(): boolean {
    return this.extents.length === 0;
  }

  add({ length, state }: StatusExtent): void {
    const last = this.extents.at(-1);
    if (last?.state === state) last.length += length;
    else if (length > 0n) this.extents.push({ length, state });
  }
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
