import type { StatusExtent } from "../../core/extent.ts";
import { Chunk } from "../constants.ts";
import { wireErrorName } from "../wire-error.ts";
import type { AwaitedStatus, ReplyFailure } from "./awaited.ts";
import { statusExtentsMax } from "./limits.ts";
import { serverText, violation } from "./violation.ts";

/**
 * Tells whether a chunk is an error. All error types have the same first fields, so unknown types can be read
 * too.
 */
export function isErrorChunk(type: number): boolean {
  return (type & 0x8000) !== 0;
}

/** Reads the payload of an error chunk. @throws NbdError EPROTO */
export function readErrorChunk(type: number, payload: Buffer): ReplyFailure {
  if (payload.length < 6) throw violation(`error chunk of ${payload.length} bytes`);
  const number = payload.readUInt32BE(0);
  if (number === 0) throw violation("error chunk without an error");
  const textEnd = 6 + payload.readUInt16BE(4);
  if (textEnd > payload.length) throw violation("error chunk with a text longer than itself");
  const failure = { code: wireErrorName(number), text: serverText(payload.subarray(6, textEnd)) };
  if (type !== Chunk.errorOffset) return failure;
  if (payload.length < textEnd + 8) throw violation("error chunk without its offset");
  return { ...failure, offset: payload.readBigUInt64BE(textEnd) };
}

/**
 * Reads the extents of one metadata context.
 * @throws NbdError EPROTO for extents that are empty or beyond the requested range
 */
export function readStatusChunk(
  type: number,
  payload: Buffer,
  awaited: AwaitedStatus,
): { contextId: number; extents: StatusExtent[] } {
  const extents = type === Chunk.blockStatus ? shortExtents(payload) : longExtents(payload);
  if (extents.length > statusExtentsMax)
    throw violation(`block status with more than ${statusExtentsMax} extents`);
  checkExtents(extents, awaited);
  return { contextId: payload.readUInt32BE(0), extents };
}

function shortExtents(payload: Buffer): StatusExtent[] {
  if (payload.length < 12 || payload.length % 8 !== 4)
    throw violation(`block status of ${payload.length} bytes`);
  const extents: StatusExtent[] = [];
  for (let at = 4; at < payload.length; at += 8) {
    extents.push({ length: BigInt(payload.readUInt32BE(at)), state: BigInt(payload.readUInt32BE(at + 4)) });
  }
  return extents;
}

function longExtents(payload: Buffer): StatusExtent[] {
  if (payload.length < 24 || payload.length % 16 !== 8)
    throw violation(`block status of ${payload.length} bytes`);
  if (payload.readUInt32BE(4) !== (payload.length - 8) / 16) {
    throw violation("block status with a count that is not that of its extents");
  }
  const extents: StatusExtent[] = [];
  for (let at = 8; at < payload.length; at += 16) {
    extents.push({ length: payload.readBigUInt64BE(at), state: payload.readBigUInt64BE(at + 8) });
  }
  return extents;
}

/** doc/proto.md, "NBD_REPLY_TYPE_BLOCK_STATUS": only the last extent may go beyond the requested range. */
function checkExtents(extents: readonly StatusExtent[], awaited: AwaitedStatus): void {
  let total = 0n;
  for (const { length } of extents) {
    if (length === 0n) throw violation("block status with an extent of length 0");
    if (total >= awaited.length) throw violation("block status with extents beyond the range that was asked");
    total += length;
  }
  if (awaited.offset + total > awaited.exportSize)
    throw violation("block status beyond the end of the export");
  if (awaited.requestOne && (extents.length !== 1 || total > awaited.length)) {
    throw violation("block status with more than the one extent that was asked");
  }
}
