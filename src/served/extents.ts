import { NbdError } from "../core/errors.ts";
import type { Extent, StatusExtent } from "../core/extent.ts";
import { smaller } from "../core/size.ts";

/** The range whose states a client asks for; bytes. */
export interface StatusRange {
  /** The length of the range; bytes. */
  readonly length: bigint;
  /**
   * How far the last extent may go past the range, as a length from the start of the range; bytes. Default: no
   * further than the range.
   */
  readonly lengthMax?: bigint;
  /** The minimum block size of the export, a power of two. The range begins at a block. */
  readonly block: bigint;
  /** The client asks for the first extent only. */
  readonly requestOne: boolean;
}

/**
 * Normalizes the extents that a handle returned: cuts them to the range and to whole blocks, merges
 * neighbours in the same state, and drops empty ones. In a block of several states, data beats a hole, and
 * data that may not be zero beats zero. Only the extent that reaches the end of the range may go past it, up
 * to `lengthMax`.
 *
 * @param extents what `extents` of a handle returned; they may end early or go past the range
 * @param range the range that the client asked for
 * @returns at least one extent
 * @throws NbdError EIO when the value is no list of extents, or the list is empty
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

/**
 * Checks that a plugin, which may be written in JavaScript, returned a list of extents.
 *
 * @throws NbdError EIO
 */
export function checkedExtents(extents: readonly Extent[]): readonly Extent[] {
  if (!Array.isArray(extents) || !extents.every(isExtent)) throw new NbdError("EIO", noExtents);
  return extents;
}

/** Returns the sum of the lengths in bytes. */
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
 * Cuts the list to the range and to whole blocks (doc/proto.md, "NBD_CMD_BLOCK_STATUS"), merges neighbours in
 * the same state and drops empty extents. A block of several states gets the bits that all of them have:
 * every bit is then true for the whole block, and state 0 is always correct. A client that asks for one
 * extent gets none past the range.
 */
export function clipStatus(extents: readonly StatusExtent[], range: StatusRange): readonly StatusExtent[] {
  const { length, block, requestOne } = range;
  const lengthMax = requestOne ? length : (range.lengthMax ?? length);
  const clipped = new StatusList(length);
  let left = lengthMax;
  /** A block that has begun and is not complete; the next extent continues it. */
  let open = { length: 0n, state: 0n };
  for (const { length: wanted, state } of extents) {
    if (left === 0n || clipped.isComplete) break;
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
  // The end of the disk completes the last block. When the plugin's list ends earlier, the state of the
  // incomplete block is unknown: report it as 0 only if the result would otherwise be empty.
  if (left === 0n) clipped.add(open);
  else if (clipped.isEmpty && open.length > 0n) clipped.add({ length: smaller(block, length), state: 0n });
  if (clipped.isEmpty) throw new NbdError("EIO", "the plugin or a filter returned no extents for the range");
  return requestOne ? clipped.extents.slice(0, 1) : clipped.extents;
}

/**
 * A list of extents without empty ones, without neighbours in the same state, and without extents that begin
 * past the range.
 */
class StatusList {
  readonly extents: { length: bigint; readonly state: bigint }[] = [];
  /** The bytes of the range that are not in the list yet; 0 or less when the list covers the range. */
  #missing: bigint;

  constructor(rangeLength: bigint) {
    this.#missing = rangeLength;
  }

  get isEmpty(): boolean {
    return this.extents.length === 0;
  }

  get isComplete(): boolean {
    return this.#missing <= 0n;
  }

  add({ length, state }: StatusExtent): void {
    const last = this.extents.at(-1);
    if (last?.state === state) last.length += length;
    else if (length > 0n && !this.isComplete) this.extents.push({ length, state });
    this.#missing -= length;
  }
}
