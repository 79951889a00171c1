import type { Extent } from "../core/extent.ts";
import { findRuns } from "../core/zero-runs.ts";
import { AllocationState, Chunk, ChunkFlag, Magic } from "./constants.ts";
import { errorText } from "./strings.ts";
import { wireError } from "./wire-error.ts";

/** How replies look on a connection: the handshake decides it once. */
export type ReplyForm = "simple" | "structured" | "extended";

/** Bytes before the data of a read. */
export const readHeaderBytes: Readonly<Record<ReplyForm, number>> = {
  simple: 16,
  structured: 28,
  extended: 40,
};

const chunkHeaderBytes: Readonly<Record<ReplyForm, number>> = { simple: 16, structured: 20, extended: 32 };

/** The reply to a request that succeeded and returns no data. */
export function successReply(form: ReplyForm, cookie: bigint, offset: bigint): Buffer {
  if (form !== "extended") return simpleReply(cookie, 0);
  const bytes = Buffer.allocUnsafe(chunkHeaderBytes.extended);
  writeChunkHeader(bytes, form, Chunk.none, cookie, offset, 0);
  return bytes;
}

/** Fills the first {@link readHeaderBytes} of `bytes`; the data follows them. */
export function writeReadHeader(bytes: Buffer, form: ReplyForm, cookie: bigint, offset: bigint): void {
  const length = bytes.length - readHeaderBytes[form];
  if (form === "simple") {
    writeSimpleHeader(bytes, cookie, 0);
    return;
  }
  writeChunkHeader(bytes, form, Chunk.offsetData, cookie, offset, 8 + length);
  bytes.writeBigUInt64BE(offset, chunkHeaderBytes[form]);
}

/** Holes smaller than this save a client less than another chunk costs it. */
const sparseGrainBytes = 32 * 1024;

/**
 * The reply to a read with what is zero as holes (doc/proto.md, "NBD_REPLY_TYPE_OFFSET_HOLE"): fewer bytes to send, and
 * a client that copies learns where it need not write. The content decides and not the extents: looking at bytes that are
 * at hand costs less than asking a file system.
 * @returns undefined when there is nothing to leave out
 */
export function sparseReadReply(
  form: "structured" | "extended",
  cookie: bigint,
  offset: bigint,
  data: Buffer,
): Buffer | undefined {
  const runs = findRuns(data, offset, sparseGrainBytes);
  if (!runs.some(({ zero }) => zero)) return undefined;
  const pieces = runs.flatMap(({ start, end, zero }) => {
    const flags = end === data.length ? ChunkFlag.done : 0;
    const at = offset + BigInt(start);
    return zero
      ? [holeChunk(form, cookie, offset, at, end - start, flags)]
      : [dataChunkHeader(form, cookie, offset, at, end - start, flags), data.subarray(start, end)];
  });
  return Buffer.concat(pieces);
}

function holeChunk(
  form: ReplyForm,
  cookie: bigint,
  requestOffset: bigint,
  at: bigint,
  length: number,
  flags: number,
): Buffer {
  const start = chunkHeaderBytes[form];
  const bytes = Buffer.allocUnsafe(start + 12);
  writeChunkHeader(bytes, form, Chunk.offsetHole, cookie, requestOffset, 12, flags);
  bytes.writeBigUInt64BE(at, start);
  bytes.writeUInt32BE(length, start + 8);
  return bytes;
}

function dataChunkHeader(
  form: ReplyForm,
  cookie: bigint,
  requestOffset: bigint,
  at: bigint,
  length: number,
  flags: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(readHeaderBytes[form]);
  writeChunkHeader(bytes, form, Chunk.offsetData, cookie, requestOffset, 8 + length, flags);
  bytes.writeBigUInt64BE(at, chunkHeaderBytes[form]);
  return bytes;
}

/** A failed request; the text reaches the user of a client that asked for structured replies. */
export function errorReply(
  form: ReplyForm,
  cookie: bigint,
  offset: bigint,
  code: string,
  message: string,
): Buffer {
  if (form === "simple") return simpleReply(cookie, wireError(code));
  const text = errorText(message);
  const bytes = Buffer.allocUnsafe(chunkHeaderBytes[form] + 6 + text.length);
  writeChunkHeader(bytes, form, Chunk.error, cookie, offset, 6 + text.length);
  const at = chunkHeaderBytes[form];
  bytes.writeUInt32BE(wireError(code), at);
  bytes.writeUInt16BE(text.length, at + 4);
  text.copy(bytes, at + 6);
  return bytes;
}

/** One chunk for one metadata context. Structured replies have 32-bit lengths: longer extents are cut there. */
export function blockStatusReply(
  form: "structured" | "extended",
  cookie: bigint,
  offset: bigint,
  contextId: number,
  extents: readonly Extent[],
  last: boolean,
): Buffer {
  const payload = form === "structured" ? shortStatus(contextId, extents) : longStatus(contextId, extents);
  const header = Buffer.allocUnsafe(chunkHeaderBytes[form]);
  const type = form === "structured" ? Chunk.blockStatus : Chunk.blockStatusExtended;
  writeChunkHeader(header, form, type, cookie, offset, payload.length, last ? ChunkFlag.done : 0);
  return Buffer.concat([header, payload]);
}

function simpleReply(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.allocUnsafe(chunkHeaderBytes.simple);
  writeSimpleHeader(bytes, cookie, error);
  return bytes;
}

function writeSimpleHeader(bytes: Buffer, cookie: bigint, error: number): void {
  bytes.writeUInt32BE(Magic.simpleReply, 0);
  bytes.writeUInt32BE(error, 4);
  bytes.writeBigUInt64BE(cookie, 8);
}

function writeChunkHeader(
  bytes: Buffer,
  form: ReplyForm,
  type: number,
  cookie: bigint,
  offset: bigint,
  length: number,
  flags: number = ChunkFlag.done,
): void {
  bytes.writeUInt32BE(form === "extended" ? Magic.extendedReply : Magic.structuredReply, 0);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  if (form === "extended") {
    bytes.writeBigUInt64BE(offset, 16);
    bytes.writeBigUInt64BE(BigInt(length), 24);
  } else {
    bytes.writeUInt32BE(length, 16);
  }
}

/** The longest 32-bit extent, a multiple of every block size, so that the cut falls between blocks. */
const shortExtentMax = 2n ** 32n - 2n ** 16n;

function shortStatus(contextId: number, extents: readonly Extent[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 + 8 * extents.length);
  bytes.writeUInt32BE(contextId, 0);
  let at = 4;
  for (const extent of extents) {
    const cut = extent.length > shortExtentMax;
    bytes.writeUInt32BE(Number(cut ? shortExtentMax : extent.length), at);
    bytes.writeUInt32BE(allocationState(extent), at + 4);
    at += 8;
    // What follows a cut extent would be at the wrong offset; the client asks again from there.
    if (cut) break;
  }
  return bytes.subarray(0, at);
}

function longStatus(contextId: number, extents: readonly Extent[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 + 16 * extents.length);
  bytes.writeUInt32BE(contextId, 0);
  bytes.writeUInt32BE(extents.length, 4);
  extents.forEach((extent, index) => {
    bytes.writeBigUInt64BE(extent.length, 8 + 16 * index);
    bytes.writeBigUInt64BE(BigInt(allocationState(extent)), 16 + 16 * index);
  });
  return bytes;
}

function allocationState(extent: Extent): number {
  return (extent.hole ? AllocationState.hole : 0) | (extent.zero ? AllocationState.zero : 0);
}
