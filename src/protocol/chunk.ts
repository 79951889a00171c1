import { ChunkFlag, Magic } from "./constants.ts";
import type { RequestHeader } from "./request-header.ts";

/** The reply format of a connection. The handshake selects it. */
export type ReplyForm = "simple" | StructuredForm;
/** The reply formats that consist of chunks. */
export type StructuredForm = "structured" | "extended";

/**
 * The header of a reply chunk: doc/proto.md, "Structured reply chunk message" and "Extended reply chunk
 * message".
 */
export interface ChunkHeader {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  /** The offset of the request; extended replies only. */
  readonly offset: bigint | undefined;
  /** Bytes of payload. */
  readonly length: bigint;
}

/** Bytes of a chunk header. */
export const chunkHeaderBytes: Readonly<Record<StructuredForm, number>> = { structured: 20, extended: 32 };

/** Reads a header. The caller has checked its magic number. */
export function readChunkHeader(bytes: Buffer): ChunkHeader {
  const extended = bytes.readUInt32BE(0) === Magic.extendedReply;
  return {
    flags: bytes.readUInt16BE(4),
    type: bytes.readUInt16BE(6),
    cookie: bytes.readBigUInt64BE(8),
    offset: extended ? bytes.readBigUInt64BE(16) : undefined,
    length: extended ? bytes.readBigUInt64BE(24) : BigInt(bytes.readUInt32BE(16)),
  };
}

/** The request that a chunk answers, and the reply format. */
export interface Answered {
  readonly form: StructuredForm;
  readonly cookie: bigint;
  /** The offset of the request. */
  readonly offset: bigint;
}

/** Makes a chunk with room for its payload, which begins at byte {@link chunkHeaderBytes}. */
export function makeChunk(to: Answered, type: number, payloadBytes: number, last: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(chunkHeaderBytes[to.form] + payloadBytes);
  writeChunkHeader(bytes, to, type, payloadBytes, last);
  return bytes;
}

/** Writes a chunk header. The payload may be in other buffers that are sent after it. */
export function writeChunkHeader(
  bytes: Buffer,
  { form, cookie, offset }: Answered,
  type: number,
  payloadBytes: number,
  last: boolean,
): void {
  bytes.writeUInt32BE(form === "extended" ? Magic.extendedReply : Magic.structuredReply, 0);
  bytes.writeUInt16BE(last ? ChunkFlag.done : 0, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  if (form === "extended") {
    bytes.writeBigUInt64BE(offset, 16);
    bytes.writeBigUInt64BE(BigInt(payloadBytes), 24);
  } else {
    bytes.writeUInt32BE(payloadBytes, 16);
  }
}

/**
 * Writes the header of the only chunk of a reply into a larger buffer, from a request header that has not
 * been converted.
 */
export function writeChunkHeaderOf(
  header: RequestHeader,
  bytes: Buffer,
  at: number,
  form: StructuredForm,
  type: number,
  payloadBytes: number,
): void {
  bytes.writeUInt32BE(form === "extended" ? Magic.extendedReply : Magic.structuredReply, at);
  bytes.writeUInt16BE(ChunkFlag.done, at + 4);
  bytes.writeUInt16BE(type, at + 6);
  bytes.writeUInt32BE(header.cookieHigh, at + 8);
  bytes.writeUInt32BE(header.cookieLow, at + 12);
  if (form === "structured") {
    bytes.writeUInt32BE(payloadBytes, at + 16);
    return;
  }
  bytes.writeUInt32BE(header.offsetHigh, at + 16);
  bytes.writeUInt32BE(header.offsetLow, at + 20);
  bytes.writeUInt32BE(0, at + 24);
  bytes.writeUInt32BE(payloadBytes, at + 28);
}
