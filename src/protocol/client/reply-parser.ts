import { type ChunkHeader, chunkHeaderBytes, type ReplyForm, readChunkHeader } from "../chunk.ts";
import { Chunk, ChunkFlag, Magic } from "../constants.ts";
import { wireErrorName } from "../wire-error.ts";
import type { Awaited, AwaitedRead, Outcome } from "./awaited.ts";
import { isErrorChunk } from "./chunk.ts";
import { errorChunkBytesMax, statusExtentsMax } from "./limits.ts";
import { ReplyInProgress } from "./reply-in-progress.ts";
import { violation } from "./violation.ts";

/** The sender of the requests: it describes the expected replies and receives their outcomes. */
export interface ReplySink {
  /** @returns undefined for a cookie that is not in flight */
  awaited(cookie: bigint): Awaited | undefined;
  /** A reply is complete, and its cookie may be reused. */
  settled(cookie: bigint, outcome: Outcome): void;
}

const simpleReplyBytes = 16;
const noStatus: ReadonlyMap<number, never> = new Map<number, never>();

/** Data that is still to come: bytes `at` to `end` of the read. */
interface DataChunk {
  readonly read: AwaitedRead;
  at: number;
  readonly end: number;
  /** Called when all of it has come. */
  readonly last: () => void;
}

/**
 * Splits the byte stream of the transmission phase into replies. Headers and small payloads are collected in
 * a buffer of the parser. The data of reads is copied directly to the buffer of the request.
 */
export class ReplyParser {
  readonly #form: ReplyForm;
  readonly #sink: ReplySink;
  /** Incomplete replies, by cookie. */
  readonly #started = new Map<bigint, ReplyInProgress>();
  readonly #head = Buffer.allocUnsafe(chunkHeaderBytes.extended);
  #target: Buffer;
  #filled = 0;
  #onFull: () => void;
  /** The data chunk that is being received. */
  #data: DataChunk | undefined;

  constructor(form: ReplyForm, sink: ReplySink) {
    this.#form = form;
    this.#sink = sink;
    this.#target = this.#head.subarray(0, 4);
    this.#onFull = this.#magicArrived;
  }

  /**
   * @throws NbdError EPROTO when the server violates the protocol; the rest of the stream cannot be parsed
   */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const data = this.#data;
      at += data === undefined ? this.#waitForBytes(bytes, at) : this.#receiveData(data, bytes, at);
    }
  }

  #waitForBytes(bytes: Buffer, from: number): number {
    const count = Math.min(this.#target.length - this.#filled, bytes.length - from);
    bytes.copy(this.#target, this.#filled, from, from + count);
    this.#filled += count;
    if (this.#filled === this.#target.length) this.#onFull();
    return count;
  }

  #receiveData(data: DataChunk, bytes: Buffer, from: number): number {
    const count = Math.min(data.end - data.at, bytes.length - from);
    // Look up the buffer each time: an aborted read has returned it to its owner.
    data.read.into?.set(bytes.subarray(from, from + count), data.at);
    data.at += count;
    if (data.at === data.end) {
      this.#data = undefined;
      this.#nextReply();
      data.last();
    }
    return count;
  }

  #expect(target: Buffer, filled: number, onFull: () => void): void {
    this.#target = target;
    this.#filled = filled;
    this.#onFull = onFull;
    if (filled === target.length) onFull();
  }

  #nextReply(): void {
    this.#expect(this.#head.subarray(0, 4), 0, this.#magicArrived);
  }

  readonly #magicArrived = (): void => {
    const magic = this.#head.readUInt32BE(0);
    if (magic === Magic.simpleReply && this.#form !== "extended") {
      this.#expect(this.#head.subarray(0, simpleReplyBytes), 4, this.#simpleArrived);
    } else if (magic === Magic.structuredReply && this.#form === "structured") {
      this.#expect(this.#head.subarray(0, chunkHeaderBytes.structured), 4, this.#chunkArrived);
    } else if (magic === Magic.extendedReply && this.#form === "extended") {
      this.#expect(this.#head, 4, this.#chunkArrived);
    } else {
      throw violation(`0x${magic.toString(16)} is not how a ${this.#form} reply starts`);
    }
  };

  readonly #simpleArrived = (): void => {
    const error = this.#head.readUInt32BE(4);
    const cookie = this.#head.readBigUInt64BE(8);
    const awaited = this.#awaited(cookie);
    if (this.#form === "structured" && awaited.kind === "read") throw violation("a simple reply to a read");
    if (this.#started.has(cookie)) throw violation("a simple reply in the middle of a structured one");
    if (error !== 0) {
      this.#nextReply();
      this.#sink.settled(cookie, { ok: false, failure: { code: wireErrorName(error), text: "" } });
    } else if (awaited.kind === "read") {
      this.#startData(awaited, 0, awaited.length, () => this.#succeeded(cookie));
    } else if (awaited.kind === "status") {
      throw violation("block status that tells nothing");
    } else {
      this.#nextReply();
      this.#succeeded(cookie);
    }
  };

  readonly #chunkArrived = (): void => {
    const header = readChunkHeader(this.#head);
    const awaited = this.#awaited(header.cookie);
    if (header.offset !== undefined && header.offset !== awaited.offset) {
      throw violation(`a reply at offset ${header.offset} to a request at ${awaited.offset}`);
    }
    this.#checkChunk(header, awaited);
    let reply = this.#started.get(header.cookie);
    if (reply === undefined) {
      reply = new ReplyInProgress(awaited);
      this.#started.set(header.cookie, reply);
    }
    this.#takePayload(header, reply);
  };

  #takePayload(header: ChunkHeader, reply: ReplyInProgress): void {
    if (header.type === Chunk.offsetData && reply.awaited.kind === "read") {
      const { awaited } = reply;
      const length = Number(header.length) - 8;
      const offset = Buffer.allocUnsafe(8);
      this.#expect(offset, 0, () => {
        const start = reply.acceptData(offset.readBigUInt64BE(0), length);
        this.#startData(awaited, start, start + length, () => this.#chunkDone(header, reply));
      });
      return;
    }
    const payload = Buffer.allocUnsafe(Number(header.length));
    this.#expect(payload, 0, () => {
      this.#nextReply();
      reply.accept(header, payload);
      this.#chunkDone(header, reply);
    });
  }

  #startData(read: AwaitedRead, at: number, end: number, last: () => void): void {
    if (at < end) {
      this.#data = { read, at, end, last };
      return;
    }
    this.#nextReply();
    last();
  }

  #chunkDone(header: ChunkHeader, reply: ReplyInProgress): void {
    if ((header.flags & ChunkFlag.done) === 0) return;
    this.#started.delete(header.cookie);
    this.#sink.settled(header.cookie, reply.finish());
  }

  #succeeded(cookie: bigint): void {
    this.#sink.settled(cookie, { ok: true, status: noStatus });
  }

  #awaited(cookie: bigint): Awaited {
    const awaited = this.#sink.awaited(cookie);
    if (awaited === undefined) throw violation(`a reply to a request that was never sent (cookie ${cookie})`);
    return awaited;
  }

  /** Checks type and length before the payload arrives. */
  #checkChunk({ type, length }: ChunkHeader, awaited: Awaited): void {
    const { min, max } = this.#payloadBounds(type, awaited);
    if (length < min || length > max) {
      throw violation(`chunk of type ${type} with ${length} bytes (from ${min} to ${max} are possible here)`);
    }
  }

  #payloadBounds(type: number, awaited: Awaited): { min: number; max: number } {
    if (isErrorChunk(type)) return { min: 6, max: errorChunkBytesMax };
    const statusType = this.#form === "extended" ? Chunk.blockStatusExtended : Chunk.blockStatus;
    if (type === Chunk.none) return { min: 0, max: 0 };
    if (type === Chunk.offsetData && awaited.kind === "read") return { min: 9, max: 8 + awaited.length };
    if (type === Chunk.offsetHole && awaited.kind === "read") return { min: 12, max: 12 };
    if (type === statusType && awaited.kind === "status") {
      return type === Chunk.blockStatus
        ? { min: 12, max: 4 + 8 * statusExtentsMax }
        : { min: 24, max: 8 + 16 * statusExtentsMax };
    }
    throw violation(`chunk of type ${type} does not answer this request`);
  }
}
