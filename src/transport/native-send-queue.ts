import { asError } from "../core/errors.ts";
import { native } from "../native/load.ts";
import { composedBytesMax, type SendQueue } from "./send-queue.ts";

/**
 * Bytes. Large enough to send a batch of small replies at once, and small enough to stay in the processor
 * cache.
 */
const batchBytes = 96 * 1024;

/**
 * The buffer that all connections of a thread compose replies in. It is empty between two event-loop
 * iterations: bytes that a socket does not accept are copied to another buffer.
 */
let shared: Buffer | undefined;

/**
 * Up to this many bytes, a buffer is copied instead of being sent as a separate piece, which would cost more.
 */
const copiedBytesMax = 4096;

/** Maximum number of pieces in one system call. */
const piecesMax = 16;

/** Events of a {@link NativeSendQueue}. */
export interface SendQueueEvents {
  /** A backlog exists now. Call `flush` when the socket becomes writable. */
  blocked(): void;
  /** Sending failed. The queue drops everything from now on. */
  failed(error: Error): void;
}

/** The send queue of a non-blocking socket. */
export class NativeSendQueue implements SendQueue {
  readonly buffer: Buffer;
  readonly #fd: number;
  readonly #events: SendQueueEvents;
  /** Unsent pieces in order: views of `buffer`, and buffers of callers. */
  #pieces: Buffer[] = [];
  /** The range of `buffer` that is composed and not yet a piece. */
  #from = 0;
  #to = 0;
  /** Bytes of pieces that were added after the last attempt to send. */
  #pieceBytes = 0;
  /** Bytes that the socket has not accepted yet. */
  #backlogBytes = 0;
  #failed = false;

  constructor(fd: number, events: SendQueueEvents) {
    shared ??= Buffer.allocUnsafeSlow(composedBytesMax + batchBytes);
    this.buffer = shared;
    this.#fd = fd;
    this.#events = events;
  }

  get isFull(): boolean {
    return this.#backlogBytes > 0;
  }

  compose(bytes: number): number {
    if (this.#to > batchBytes || this.#to + bytes > this.buffer.length) this.flush();
    const start = this.#to;
    this.#to += bytes;
    return start;
  }

  discard(bytes: number): void {
    this.#to -= bytes;
  }

  write(bytes: Buffer): void {
    if (bytes.length <= copiedBytesMax) {
      bytes.copy(this.buffer, this.compose(bytes.length));
      return;
    }
    this.#seal();
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    // Send now instead of at the end of the event-loop iteration, so that the caller learns early that the
    // socket is full.
    if (this.#pieceBytes > batchBytes) this.flush();
  }

  /** Drops all unsent bytes. The descriptor belongs to another owner now, and its number may be reused. */
  abandon(): void {
    this.#failed = true;
  }

  flush(): void {
    if (this.#failed) {
      this.#forget();
      return;
    }
    try {
      if (this.#pieces.length === 0) this.#sendComposed();
      else this.#sendPieces();
    } catch (error) {
      this.#failed = true;
      this.#forget();
      this.#events.failed(asError(error));
    }
  }

  /** The usual case: one batch that the socket accepts completely. */
  #sendComposed(): void {
    if (this.#to === 0) return;
    const sent = native().sendPart(this.#fd, this.buffer, 0, this.#to);
    if (sent < this.#to) {
      this.#from = Math.max(sent, 0);
      this.#seal();
      this.#moveAside();
    }
    this.#from = 0;
    this.#to = 0;
  }

  #sendPieces(): void {
    this.#seal();
    this.#pieceBytes = 0;
    let sent = 0;
    while (this.#pieces.length > 0 && sent >= 0) {
      sent = native().sendPieces(this.#fd, this.#pieces.slice(0, piecesMax));
      if (sent > 0) this.#dropSent(sent);
    }
    this.#moveAside();
    this.#from = 0;
    this.#to = 0;
  }

  /** Turns the composed bytes into a piece, so that later bytes follow them. */
  #seal(): void {
    if (this.#from < this.#to) this.#pieces.push(this.buffer.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #dropSent(bytes: number): void {
    let left = bytes;
    let count = 0;
    for (const piece of this.#pieces) {
      if (left < piece.length) {
        this.#pieces[count] = piece.subarray(left);
        break;
      }
      left -= piece.length;
      count++;
    }
    this.#pieces.splice(0, count);
  }

  /** Copies unsent bytes out of the shared buffer, which other connections use next. */
  #moveAside(): void {
    const before = this.#backlogBytes;
    this.#backlogBytes = 0;
    for (const [index, piece] of this.#pieces.entries()) {
      this.#backlogBytes += piece.length;
      if (piece.buffer === this.buffer.buffer) this.#pieces[index] = Buffer.from(piece);
    }
    if (before === 0 && this.#backlogBytes > 0) this.#events.blocked();
  }

  #forget(): void {
    this.#pieces = [];
    this.#from = 0;
    this.#to = 0;
    this.#backlogBytes = 0;
  }
}
