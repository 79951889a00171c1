import type { Extent, StatusExtent } from "../core/extent.ts";
import { type Answered, chunkHeaderBytes, makeChunk } from "./chunk.ts";
import { AllocationState, Chunk } from "./constants.ts";

/** Builds the chunk of one metadata context (doc/proto.md, "NBD_REPLY_TYPE_BLOCK_STATUS"). */
export function statusChunk(
  to: Answered,
  contextId: number,
  extents: readonly StatusExtent[],
  last: boolean,
): Buffer {
  return to.form === "structured"
    ? shortStatus(to, contextId, cutToShort(extents), last)
    : longStatus(to, contextId, extents, last);
}

/** Bytes of the longest 32-bit extent. It is a multiple of every block size, so that no block is split. */
const shortExtentMax = 2n ** 32n - 2n ** 16n;

/**
 * Ends the list after the first extent that is too long for 32 bits: the extents after it would be at wrong
 * offsets. The client requests the rest.
 */
function cutToShort(extents: readonly StatusExtent[]): readonly StatusExtent[] {
  const long = extents.findIndex(({ length }) => length > shortExtentMax);
  if (long < 0) return extents;
  return extents
    .slice(0, long + 1)
    .map((extent) => (extent.length > shortExtentMax ? { ...extent, length: shortExtentMax } : extent));
}

function shortStatus(
  to: Answered,
  contextId: number,
  extents: readonly StatusExtent[],
  last: boolean,
): Buffer {
  const bytes = makeChunk(to, Chunk.blockStatus, 4 + 8 * extents.length, last);
  let at = chunkHeaderBytes[to.form];
  bytes.writeUInt32BE(contextId, at);
  at += 4;
  for (const extent of extents) {
    bytes.writeUInt32BE(Number(extent.length), at);
    bytes.writeUInt32BE(Number(extent.state), at + 4);
    at += 8;
  }
  return bytes;
}

function longStatus(
  to: Answered,
  contextId: number,
  extents: readonly StatusExtent[],
  last: boolean,
): Buffer {
  const bytes = makeChunk(to, Chunk.blockStatusExtended, 8 + 16 * extents.length, last);
  let at = chunkHeaderBytes[to.form];
  bytes.writeUInt32BE(contextId, at);
  bytes.writeUInt32BE(extents.length, at + 4);
  at += 8;
  for (const extent of extents) {
    bytes.writeBigUInt64BE(extent.length, at);
    bytes.writeBigUInt64BE(extent.state, at + 8);
    at += 16;
  }
  return bytes;
}

/** Converts extents to the states of `base:allocation`. */
export function allocationStatus(extents: readonly Extent[]): readonly StatusExtent[] {
  return extents.map(({ length, hole, zero }) => ({
    length,
    state: BigInt((hole ? AllocationState.hole : 0) | (zero ? AllocationState.zero : 0)),
  }));
}
