import { type Answered, chunkHeaderBytes, makeChunk, type ReplyForm, writeChunkHeaderOf } from "./chunk.ts";
import { Chunk, Magic } from "./constants.ts";
import type { RequestHeader } from "./request-header.ts";
import { errorText } from "./strings.ts";
import { wireError } from "./wire-error.ts";

/** doc/proto.md, "Simple reply message". */
export const simpleHeaderBytes = 16;

/** Writes a simple reply at the start of a buffer. */
export function writeSimpleHeader(bytes: Buffer, cookie: bigint, error: number): void {
  bytes.writeUInt32BE(Magic.simpleReply, 0);
  bytes.writeUInt32BE(error, 4);
  bytes.writeBigUInt64BE(cookie, 8);
}

/** Builds the reply to a request that succeeded and returns no data. */
export function successReply(form: ReplyForm, cookie: bigint, offset: bigint): Buffer {
  if (form !== "extended") return simpleReply(cookie, 0);
  return makeChunk({ form, cookie, offset }, Chunk.none, 0, true);
}

/** Returns the size of {@link successReply} in bytes. */
export function successBytes(form: ReplyForm): number {
  return form === "extended" ? chunkHeaderBytes.extended : simpleHeaderBytes;
}

/**
 * Writes the reply of {@link successReply} into a larger buffer, from a request header that has not been
 * converted.
 */
export function writeSuccessOf(header: RequestHeader, bytes: Buffer, at: number, form: ReplyForm): void {
  if (form === "extended") writeChunkHeaderOf(header, bytes, at, form, Chunk.none, 0);
  else writeSimpleHeaderOf(header, bytes, at);
}

/** Writes a simple reply without an error at `at`, from a request header that has not been converted. */
export function writeSimpleHeaderOf(header: RequestHeader, bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(Magic.simpleReply, at);
  bytes.writeUInt32BE(0, at + 4);
  bytes.writeUInt32BE(header.cookieHigh, at + 8);
  bytes.writeUInt32BE(header.cookieLow, at + 12);
}

/** Builds the reply to a request that failed. Only structured and extended replies contain the message. */
export function errorReply(
  form: ReplyForm,
  cookie: bigint,
  offset: bigint,
  code: string,
  message: string,
): Buffer {
  if (form === "simple") return simpleReply(cookie, wireError(code));
  return errorChunk({ form, cookie, offset }, code, message);
}

/**
 * Builds an error chunk.
 * @param at the offset of the error in the export, if it is known; the bytes before it are valid
 */
export function errorChunk(to: Answered, code: string, message: string, at?: bigint): Buffer {
  const text = errorText(message);
  const type = at === undefined ? Chunk.error : Chunk.errorOffset;
  const bytes = makeChunk(to, type, 6 + text.length + (at === undefined ? 0 : 8), true);
  const start = chunkHeaderBytes[to.form];
  bytes.writeUInt32BE(wireError(code), start);
  bytes.writeUInt16BE(text.length, start + 4);
  text.copy(bytes, start + 6);
  if (at !== undefined) bytes.writeBigUInt64BE(at, start + 6 + text.length);
  return bytes;
}

function simpleReply(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.allocUnsafe(simpleHeaderBytes);
  writeSimpleHeader(bytes, cookie, error);
  return bytes;
}
