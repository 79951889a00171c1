import { findRuns } from "../core/zero-runs.ts";
import {
  type Answered,
  chunkHeaderBytes,
  makeChunk,
  type ReplyForm,
  writeChunkHeader,
  writeChunkHeaderOf,
} from "./chunk.ts";
import { Chunk } from "./constants.ts";
import { errorChunk, simpleHeaderBytes, writeSimpleHeader, writeSimpleHeaderOf } from "./reply.ts";
import type { RequestHeader } from "./request-header.ts";

/** Bytes before the data in the reply to a read. */
export const readHeaderBytes: Readonly<Record<ReplyForm, number>> = {
  simple: simpleHeaderBytes,
  structured: chunkHeaderBytes.structured + 8,
  extended: chunkHeaderBytes.extended + 8,
};

/** Writes the first {@link readHeaderBytes} of `bytes`. The data follows them. */
export function writeReadHeader(bytes: Buffer, form: ReplyForm, cookie: bigint, offset: bigint): void {
  if (form === "simple") writeSimpleHeader(bytes, cookie, 0);
  else writeDataHeader(bytes, { form, cookie, offset }, offset, bytes.length - readHeaderBytes[form], true);
}

/**
 * Writes the header of {@link writeReadHeader} into a larger buffer, from a request header that has not been
 * converted.
 */
export function writeReadHeaderOf(
  header: RequestHeader,
  bytes: Buffer,
  at: number,
  form: ReplyForm,
  length: number,
): void {
  if (form === "simple") {
    writeSimpleHeaderOf(header, bytes, at);
    return;
  }
  writeChunkHeaderOf(header, bytes, at, form, Chunk.offsetData, 8 + length);
  bytes.writeUInt32BE(header.offsetHigh, at + chunkHeaderBytes[form]);
  bytes.writeUInt32BE(header.offsetLow, at + chunkHeaderBytes[form] + 4);
}

/** Bytes. A smaller hole saves a client less than an additional chunk costs. */
const sparseGrainBytes = 32 * 1024;

/**
 * Builds the reply to a read with zeroes as holes (doc/proto.md, "NBD_REPLY_TYPE_OFFSET_HOLE"): fewer bytes
 * are sent, and a client that copies knows the ranges that it need not write. The decision uses the data and
 * not the extents: checking bytes in memory costs less than a query to the file system.
 * @returns undefined when there is no hole
 */
export function sparseReadReply(to: Answered, data: Buffer): Buffer | undefined {
  const runs = findRuns(data, to.offset, sparseGrainBytes);
  if (!runs.some(({ zero }) => zero)) return undefined;
  const pieces = runs.flatMap(({ start, end, zero }) => {
    const at = to.offset + BigInt(start);
    const last = end === data.length;
    return zero
      ? [holeChunk(to, at, end - start, last)]
      : [dataHeader(to, at, end - start, last), data.subarray(start, end)];
  });
  return Buffer.concat(pieces);
}

/**
 * Builds the reply to a read that goes past the end of the export: the data up to the end, and an error with
 * the offset of the end ("NBD_REPLY_TYPE_ERROR_OFFSET").
 */
export function cutReadReply(to: Answered, data: Buffer, code: string, message: string): Buffer {
  const end = to.offset + BigInt(data.length);
  return Buffer.concat([
    dataHeader(to, to.offset, data.length, false),
    data,
    errorChunk(to, code, message, end),
  ]);
}

/**
 * Checks quickly whether {@link sparseReadReply} may find a hole. A few bytes of each unit show most data.
 * More than the first byte is checked, because many data blocks begin with a zero.
 * @param offsetLow the lower 32 bits of the offset of the data in the export
 */
export function mayLeaveOut(bytes: Buffer, start: number, end: number, offsetLow: number): boolean {
  const first = start + ((sparseGrainBytes - (offsetLow % sparseGrainBytes)) % sparseGrainBytes);
  for (let at = first; at + sparseGrainBytes <= end; at += sparseGrainBytes) {
    if (mayBeZero(bytes, at, at + sparseGrainBytes)) return true;
  }
  return false;
}

function mayBeZero(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === 0 && bytes[(start + end) >> 1] === 0 && bytes[end - 1] === 0;
}

function holeChunk(to: Answered, at: bigint, length: number, last: boolean): Buffer {
  const bytes = makeChunk(to, Chunk.offsetHole, 12, last);
  bytes.writeBigUInt64BE(at, chunkHeaderBytes[to.form]);
  bytes.writeUInt32BE(length, chunkHeaderBytes[to.form] + 8);
  return bytes;
}

function dataHeader(to: Answered, at: bigint, length: number, last: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(readHeaderBytes[to.form]);
  writeDataHeader(bytes, to, at, length, last);
  return bytes;
}

function writeDataHeader(bytes: Buffer, to: Answered, at: bigint, length: number, last: boolean): void {
  writeChunkHeader(bytes, to, Chunk.offsetData, 8 + length, last);
  bytes.writeBigUInt64BE(at, chunkHeaderBytes[to.form]);
}
