import { NbdError } from "../core/errors.ts";
import { Command, requestBytesMax } from "./constants.ts";
import { returnPayloadBuffer, takePayloadBuffer } from "./payload-buffers.ts";
import type { Request } from "./request.ts";
import {
  extendedRequestHeaderBytes,
  payloadBytes,
  RequestHeader,
  requestHeaderBytes,
  toRequest,
} from "./request-header.ts";

/** A refused write is read and dropped up to here, so that the client gets its error; past it the connection ends. */
export const skippedBytesMax: number = 2 * requestBytesMax;

const nothing: Buffer = Buffer.alloc(0);

/** Part of a buffer. */
export interface Part {
  buffer: Buffer;
  start: number;
  end: number;
}

/**
 * Cuts the byte stream of the transmission phase into requests. Push bytes in, pull requests out.
 *
 * Nothing is copied that need not be: what is pushed is only lent, and a request that lies whole in it is read where it
 * lies. Before the lender takes it back, `keep` copies what no request has used yet.
 */
export class RequestParser {
  /** The request that `peek` found. Every request of the connection uses this object. */
  readonly header: RequestHeader = new RequestHeader();
  /** Its payload: valid until the next call of `next`, `drop` or `push`. */
  readonly payload: Part = { buffer: nothing, start: 0, end: 0 };
  /** For whoever uses what has begun: so many bytes of the payload need not be used again. 0 with each new request. */
  usedBytes = 0;
  readonly #extended: boolean;
  readonly #headerBytes: number;
  /** What arrived and no request has used lies between `#at` and `#end`. */
  #bytes: Buffer = nothing;
  #at = 0;
  #end = 0;
  #lent = false;
  #state = "header" as "header" | "payload" | "skip" | "complete";
  /** Where a payload is put together that came in pieces; part of it is there. */
  #collected: Part | undefined;
  /** bytes of payload still to come or to be skipped */
  #awaited = 0;

  constructor(extended: boolean) {
    this.#extended = extended;
    this.#headerBytes = extended ? extendedRequestHeaderBytes : requestHeaderBytes;
  }

  /** Bytes received that no request has used yet. */
  get pendingBytes(): number {
    return this.#end - this.#at;
  }

  /** The same, with what has come of an unfinished payload. */
  get heldBytes(): number {
    return this.pendingBytes + (this.#state === "payload" ? this.#collected!.start : 0);
  }

  /** Whether the last that came is a goodbye, though requests before it may still wait to be taken. */
  get endsWithDisconnect(): boolean {
    const at = this.#end - this.#headerBytes;
    const last = new RequestHeader();
    return (
      at >= this.#at && last.read(this.#bytes, at, this.#extended) && last.command === Command.disconnect
    );
  }

  /** True between requests: a peer that leaves now has cut nothing off. */
  get idle(): boolean {
    return this.#state === "header" && this.pendingBytes === 0;
  }

  /** Takes the bytes on loan, until `keep`. */
  push(bytes: Buffer): void {
    if (this.pendingBytes > 0) {
      this.#append(bytes);
      return;
    }
    this.#lent = true;
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** The lender takes back what it lent. */
  keep(): void {
    if (!this.#lent) return;
    this.#lent = false;
    if (this.#state === "complete" && this.#collected === undefined) this.#copyPayload();
    const pending = this.pendingBytes;
    this.#bytes = pending === 0 ? nothing : Buffer.from(this.#bytes.subarray(this.#at, this.#end));
    this.#at = 0;
    this.#end = pending;
  }

  /** What no request has used yet; undefined in the middle of a request, where there is more than bytes to it. */
  rest(): Buffer | undefined {
    return this.#state === "header" ? Buffer.from(this.#bytes.subarray(this.#at, this.#end)) : undefined;
  }

  /** Where the next bytes belong, if it is clear: whoever receives them can put them there and call `filled`. */
  missing(): Part | undefined {
    return this.#state === "payload" && this.pendingBytes === 0 ? this.#collected : undefined;
  }

  /** What has come of the payload of a request that is not complete, up to `start`; `header` shows the request. */
  get begun(): Readonly<Part> | undefined {
    return this.#state === "payload" ? this.#collected : undefined;
  }

  filled(bytes: number): void {
    this.#collected!.start += bytes;
    this.#awaited -= bytes;
  }

  /**
   * Whether the next request is complete; `header` and `payload` show it.
   * @throws NbdError EPROTO when the stream cannot be followed any further
   */
  peek(): boolean {
    if (this.#state === "header" && !this.#takeHeader()) return false;
    if (this.#state === "payload") this.#collectPayload();
    return this.#state === "complete";
  }

  /** The request that `peek` found has been answered, and nobody needs its payload any more. */
  drop(): void {
    if (this.#collected !== undefined) returnPayloadBuffer(this.#collected.buffer);
    this.#begin();
  }

  /**
   * The next complete request, or undefined until more bytes come. Its payload is its own.
   * @throws NbdError EPROTO when the stream cannot be followed any further
   */
  next(): Request | undefined {
    if (!this.peek()) return this.#state === "skip" ? this.#skip() : undefined;
    if (this.#collected === undefined && this.payload.end > this.payload.start) this.#copyPayload();
    const { buffer, start, end } = this.payload;
    this.#begin();
    return toRequest(this.header, buffer.subarray(start, end), this.#extended);
  }

  /** With room for as much again, since whoever has to wait goes on sending. */
  #append(bytes: Buffer): void {
    const needed = this.pendingBytes + bytes.length;
    if (this.#lent || this.#end + bytes.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#end = this.#bytes.copy(larger, 0, this.#at, this.#end);
      this.#at = 0;
      this.#bytes = larger;
      this.#lent = false;
    }
    this.#end += bytes.copy(this.#bytes, this.#end);
  }

  #begin(): void {
    this.#state = "header";
    this.#collected = undefined;
    this.usedBytes = 0;
  }

  #takeHeader(): boolean {
    if (this.pendingBytes < this.#headerBytes) return false;
    if (!this.header.read(this.#bytes, this.#at, this.#extended))
      throw new NbdError("EPROTO", "invalid request: wrong magic number");
    this.#at += this.#headerBytes;
    const length = payloadBytes(this.header, this.#extended);
    if (length > skippedBytesMax) {
      const { length } = this.header;
      throw new NbdError("EPROTO", `invalid request: payload of ${length} bytes is over the limit`);
    }
    if (length > requestBytesMax) {
      this.#state = "skip";
      this.#awaited = length;
      return true;
    }
    if (length <= this.pendingBytes) {
      this.#found(this.#bytes, this.#at, this.#at + length);
      this.#at += length;
    } else {
      this.#state = "payload";
      this.#awaited = length;
      this.#collected = { buffer: takePayloadBuffer(length, this.pendingBytes), start: 0, end: 0 };
      this.#collected.end = Math.min(length, this.#collected.buffer.length);
    }
    return true;
  }

  #found(buffer: Buffer, start: number, end: number): void {
    this.#state = "complete";
    this.payload.buffer = buffer;
    this.payload.start = start;
    this.payload.end = end;
  }

  #collectPayload(): void {
    const part = this.#collected!;
    while (this.#awaited > 0) {
      if (part.start === part.end) grow(part, this.#awaited);
      const copied = Math.min(part.end - part.start, this.pendingBytes);
      if (copied === 0) return;
      this.#bytes.copy(part.buffer, part.start, this.#at, this.#at + copied);
      this.#at += copied;
      this.filled(copied);
    }
    this.#found(part.buffer, 0, part.start);
  }

  #copyPayload(): void {
    const { buffer, start, end } = this.payload;
    this.#collected = {
      buffer: Buffer.from(buffer.subarray(start, end)),
      start: end - start,
      end: end - start,
    };
    this.#found(this.#collected.buffer, 0, end - start);
  }

  #skip(): Request | undefined {
    const skipped = Math.min(this.#awaited, this.pendingBytes);
    this.#at += skipped;
    this.#awaited -= skipped;
    if (this.#awaited > 0) return undefined;
    this.#begin();
    const { command, cookie, offset, length } = this.header;
    // doc/proto.md, "NBD_CMD_WRITE": too much to write is ENOMEM where the size is the only fault.
    const code = command === Command.write ? "ENOMEM" : "EINVAL";
    return { kind: "refused", cookie, offset, code, reason: `payload of ${length} bytes is over the limit` };
  }
}

/** Makes room for more of what is awaited. */
function grow(part: Part, awaited: number): void {
  const whole = part.end + awaited;
  const larger = takePayloadBuffer(whole, part.end);
  part.buffer.copy(larger, 0, 0, part.end);
  part.buffer = larger;
  part.end = Math.min(whole, larger.length);
}
