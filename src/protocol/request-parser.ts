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

/**
 * Bytes. The payload of a refused write is skipped up to this size, so that the client gets an error reply. A
 * larger payload ends the connection.
 */
export const skippedBytesMax: number = 2 * requestBytesMax;

const nothing: Buffer = Buffer.alloc(0);

/** The part of a buffer that holds a payload, in bytes. */
export interface PayloadRange {
  buffer: Buffer;
  start: number;
  end: number;
}

/**
 * Splits the byte stream of the transmission phase into requests. Push bytes in, pull requests out.
 *
 * The parser avoids copies: `push` takes a borrowed buffer, and a request that lies completely in the buffer
 * is parsed in place. The caller calls `keep` before it reuses the buffer; `keep` copies the bytes that no
 * request has used yet.
 *
 * States: "header" waits for a header, "payload" for the rest of a payload, "skip" drops the payload of a
 * request that is too large, and in "complete" `header` and `payload` describe a request. `peek` moves on to
 * "complete"; `take` or `drop` then removes the request.
 */
export class RequestParser {
  /** The request that `peek` found. All requests of the connection use this object. */
  readonly header: RequestHeader = new RequestHeader();
  /** The payload of the request: valid until the next call of `take`, `drop` or `push`. */
  readonly payload: PayloadRange = { buffer: nothing, start: 0, end: 0 };
  /**
   * Bytes of the payload that the caller has already processed through `begun`. The parser resets it to 0 for
   * each request.
   */
  usedBytes = 0;
  readonly #extended: boolean;
  readonly #headerBytes: number;
  /** Received bytes that no request has used yet lie between `#at` and `#end`. */
  #bytes: Buffer = nothing;
  #at = 0;
  #end = 0;
  #borrowed = false;
  #state: "header" | "payload" | "skip" | "complete" = "header";
  /**
   * The buffer for a payload that arrives in pieces. Bytes before `start` have arrived. It is defined in the state
   * "payload": the methods that run only then rely on that with "!", which costs nothing.
   */
  #collected: PayloadRange | undefined;
  /** Bytes of payload still to be received or skipped. */
  #awaited = 0;
  /** The complete request had a payload that was skipped. */
  #isTooLarge = false;

  constructor(extended: boolean) {
    this.#extended = extended;
    this.#headerBytes = extended ? extendedRequestHeaderBytes : requestHeaderBytes;
  }

  /** Received bytes that no request has used yet. */
  get pendingBytes(): number {
    return this.#end - this.#at;
  }

  /** `pendingBytes` and the received bytes of an incomplete payload. */
  get heldBytes(): number {
    return this.pendingBytes + (this.#state === "payload" ? (this.#collected?.start ?? 0) : 0);
  }

  /** Tells whether the last received request is NBD_CMD_DISC. Earlier requests may still be pending. */
  get endsWithDisconnect(): boolean {
    const at = this.#end - this.#headerBytes;
    const last = new RequestHeader();
    return (
      at >= this.#at && last.read(this.#bytes, at, this.#extended) && last.command === Command.disconnect
    );
  }

  /** True between requests: a disconnect now cuts off no request. */
  get idle(): boolean {
    return this.#state === "header" && this.pendingBytes === 0;
  }

  /** Takes bytes in a borrowed buffer, which is valid until `keep`. */
  push(bytes: Buffer): void {
    if (this.pendingBytes > 0) {
      this.#append(bytes);
      return;
    }
    this.#borrowed = true;
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** Copies the unused bytes out of the borrowed buffer. The caller may reuse the buffer after this. */
  keep(): void {
    if (!this.#borrowed) return;
    this.#borrowed = false;
    if (this.#state === "complete" && this.#collected === undefined) this.#copyPayload();
    const pending = this.pendingBytes;
    this.#bytes = pending === 0 ? nothing : Buffer.from(this.#bytes.subarray(this.#at, this.#end));
    this.#at = 0;
    this.#end = pending;
  }

  /**
   * Returns the unused received bytes, or undefined in the middle of a request: the parser has state then.
   */
  rest(): Buffer | undefined {
    return this.#state === "header" ? Buffer.from(this.#bytes.subarray(this.#at, this.#end)) : undefined;
  }

  /** Returns the buffer for the next bytes, if it is known. A caller that receives into it calls `filled`. */
  missing(): PayloadRange | undefined {
    return this.#state === "payload" && this.pendingBytes === 0 ? this.#collected : undefined;
  }

  /** The received part of an incomplete payload, up to `start`. `header` describes the request. */
  get begun(): Readonly<PayloadRange> | undefined {
    return this.#state === "payload" ? this.#collected : undefined;
  }

  /** Reports bytes that were received into the buffer of `missing`. */
  filled(bytes: number): void {
    this.#collected!.start += bytes;
    this.#awaited -= bytes;
  }

  /**
   * Tells whether the next request is complete. `header` and `payload` describe it.
   * @throws NbdError EPROTO when the rest of the stream cannot be parsed
   */
  peek(): boolean {
    if (this.#state === "header" && !this.#takeHeader()) return false;
    if (this.#state === "payload") this.#collectPayload();
    if (this.#state === "skip") this.#skip();
    return this.#state === "complete";
  }

  /** Removes the request that `peek` found. Its payload must not be used any more. */
  drop(): void {
    if (this.#collected !== undefined) returnPayloadBuffer(this.#collected.buffer);
    this.#begin();
  }

  /** Removes and returns the request that `peek` found. Its payload belongs to the caller. */
  take(): Request {
    if (this.#isTooLarge) return this.#refuse();
    if (this.#collected === undefined && this.payload.end > this.payload.start) this.#copyPayload();
    const { buffer, start, end } = this.payload;
    this.#begin();
    return toRequest(this.header, buffer.subarray(start, end), this.#extended);
  }

  /**
   * Appends bytes to those that are pending. The buffer is doubled, because more bytes follow while requests
   * wait.
   */
  #append(bytes: Buffer): void {
    const needed = this.pendingBytes + bytes.length;
    if (this.#borrowed || this.#end + bytes.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#end = this.#bytes.copy(larger, 0, this.#at, this.#end);
      this.#at = 0;
      this.#bytes = larger;
      this.#borrowed = false;
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

  #skip(): void {
    const skipped = Math.min(this.#awaited, this.pendingBytes);
    this.#at += skipped;
    this.#awaited -= skipped;
    if (this.#awaited > 0) return;
    this.#isTooLarge = true;
    this.#found(nothing, 0, 0);
  }

  #refuse(): Request {
    this.#begin();
    this.#isTooLarge = false;
    const { command, cookie, offset, length } = this.header;
    // doc/proto.md, "NBD_CMD_WRITE": a write that is only too large fails with ENOMEM.
    const code = command === Command.write ? "ENOMEM" : "EINVAL";
    return { kind: "refused", cookie, offset, code, reason: `payload of ${length} bytes is over the limit` };
  }
}

/** Enlarges the buffer of a payload. */
function grow(part: PayloadRange, awaited: number): void {
  const whole = part.end + awaited;
  const larger = takePayloadBuffer(whole, part.end);
  part.buffer.copy(larger, 0, 0, part.end);
  part.buffer = larger;
  part.end = Math.min(whole, larger.length);
}
