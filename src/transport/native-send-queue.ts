import { native } from "../native/load.ts";
import { composedBytesMax, type SendQueue } from "./send-queue.ts";

/** Enough that a batch of small replies leaves at once, and little enough to stay in the processor's cache. */
const batchBytes = 96 * 1024;

/**
 * Replies are composed here by all connections of a loop, one after the other: between two turns of the loop it is
 * empty, since what a socket does not take is moved aside.
 */
let shared: Buffer | undefined;

/** Below this, bytes that lie elsewhere are copied, since another piece costs more. */
const copiedBytesMax = 4096;

/** A system call takes no more pieces than this. */
const piecesMax = 16;

export interface SendQueueEvents {
  /** There is a backlog now; it waits for the socket to become writable, and `flush` then. */
  blocked(): void;
  failed(error: Error): void;
}

/** Sends through a socket that does not block. */
export class NativeSendQueue implements SendQueue {
  readonly buffer: Buffer;
  readonly #fd: number;
  readonly #events: SendQueueEvents;
  /** What was put here and not yet sent: views of `buffer`, and bytes that lie elsewhere. */
  #pieces: Buffer[] = [];
  /** What lies between is composed and not yet a piece. */
  #from = 0;
  #to = 0;
  /** Bytes of pieces that were added since the last attempt to send. */
  #pieceBytes = 0;
  #backlogBytes = 0;
  #failed = false;

  constructor(fd: number, events: SendQueueEvents) {
    shared ??= Buffer.allocUnsafeSlow(composedBytesMax + batchBytes);
    this.buffer = shared;
    this.#fd = fd;
    this.#events = events;
  }

  /** Bytes that the socket did not take so far. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  get isFull(): boolean {
    return this.#backlogBytes > 0;
  }

  compose(bytes: number): number {
    if (this.#to > batchBytes || this.#to + bytes > this.buffer.length) this.flush();
    return this.#to;
  }

  composed(bytes: number): void {
    this.#to += bytes;
  }

  write(bytes: Buffer): void {
    if (bytes.length <= copiedBytesMax) {
      const start = this.compose(bytes.length);
      bytes.copy(this.buffer, start);
      this.composed(bytes.length);
      return;
    }
    this.#seal();
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    // Rather than to let much wait for the end of the turn: whoever writes learns that the socket is full.
    if (this.#pieceBytes > batchBytes) this.flush();
  }

  /** The descriptor is not ours any more, and its number may be somebody else's: what is still written is forgotten. */
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
      this.#events.failed(error as Error);
    }
  }

  /** The usual case: one batch, and the socket takes it. */
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

  /** From here on what is composed comes after what will be put into the pieces. */
  #seal(): void {
    if (this.#from < this.#to) this.#pieces.push(this.buffer.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #dropSent(bytes: number): void {
    let left = bytes;
    let count = 0;
    while (left > 0 && left >= this.#pieces[count]!.length) left -= this.#pieces[count++]!.length;
    this.#pieces.splice(0, count);
    if (left > 0) this.#pieces[0] = this.#pieces[0]!.subarray(left);
  }

  /** What the socket did not take makes room for other connections. */
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
