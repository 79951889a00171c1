import type { ReplyForm } from "../protocol/chunk.ts";
import { Command, CommandFlag } from "../protocol/constants.ts";
import { mayLeaveOut, readHeaderBytes, sparseReadReply, writeReadHeaderOf } from "../protocol/read-reply.ts";
import { successBytes, writeSuccessOf } from "../protocol/reply.ts";
import type { RequestParser } from "../protocol/request-parser.ts";
import type { ServedExport } from "../served/served-export.ts";
import { composedBytesMax, type SendQueue } from "../transport/send-queue.ts";

/** Larger reads are rare, and their replies worth buffers of their own. */
const readBytesMax = composedBytesMax - 64;

/** Writes of less are not worth a call of their own. */
const pieceBytesMin = 64 * 1024;

/** Of a page that is written in part, a file may have to read the rest. */
const pageBytes = 4096;

/**
 * Answers reads and writes that an export can do at once: the same parser, checks and replies as for all other requests,
 * without an object for each. What is not so simple, or wrong, is left to {@link dispatch}.
 */
export class FastPath {
  readonly #parser: RequestParser;
  readonly #sendQueue: SendQueue;
  readonly #exported: ServedExport;
  readonly #form: ReplyForm;
  /** Offsets up to here are exact as numbers. */
  readonly #size: number;
  readonly #minimum: number;
  /** Pieces of writes end at multiples of this. */
  readonly #wholeBytes: number;

  constructor(
    parser: RequestParser,
    sendQueue: SendQueue,
    { exported, replyForm }: { readonly exported: ServedExport; readonly replyForm: ReplyForm },
  ) {
    this.#parser = parser;
    this.#sendQueue = sendQueue;
    this.#exported = exported;
    this.#form = replyForm;
    this.#size = Math.min(Number(exported.size), Number.MAX_SAFE_INTEGER);
    this.#minimum = exported.requestUnit;
    this.#wholeBytes = Math.max(this.#minimum, pageBytes);
  }

  /** @returns whether the next request has been answered */
  answer(): boolean {
    if (!this.#parser.peek()) {
      this.#writeBegun();
      return false;
    }
    const { command } = this.#parser.header;
    const answered =
      command === Command.read ? this.#read() : command === Command.write ? this.#write() : false;
    if (answered) this.#parser.drop();
    return answered;
  }

  #read(): boolean {
    const { header } = this.#parser;
    const length = header.lengthNumber;
    const offset = header.offsetNumber;
    if (length > readBytesMax || (header.flags & ~this.#readFlags) !== 0 || !this.#isInside(offset, length))
      return false;
    const headerBytes = readHeaderBytes[this.#form];
    const start = this.#sendQueue.compose(headerBytes + length);
    const { buffer } = this.#sendQueue;
    const data = start + headerBytes;
    if (!this.#exported.readNow(buffer, data, data + length, offset)) return false;
    if (this.#sendSparse(buffer, data, data + length)) return true;
    writeReadHeaderOf(header, buffer, start, this.#form, length);
    this.#sendQueue.composed(headerBytes + length);
    return true;
  }

  get #readFlags(): number {
    return this.#form === "simple" ? 0 : CommandFlag.dontFragment;
  }

  #sendSparse(buffer: Buffer, start: number, end: number): boolean {
    const { header } = this.#parser;
    if (this.#form === "simple" || (header.flags & CommandFlag.dontFragment) !== 0) return false;
    if (!mayLeaveOut(buffer, start, end, header.offsetLow)) return false;
    const { cookie, offset } = header;
    const reply = sparseReadReply({ form: this.#form, cookie, offset }, buffer.subarray(start, end));
    if (reply !== undefined) this.#sendQueue.write(reply);
    return reply !== undefined;
  }

  #write(): boolean {
    const { payload, usedBytes } = this.#parser;
    const { buffer, start: from, end } = payload;
    const { offsetNumber: offset } = this.#parser.header;
    if (!this.#mayWrite(offset, end - from)) return false;
    if (!this.#exported.writeNow(buffer, from + usedBytes, end, offset + usedBytes)) return false;
    this.#succeeded();
    return true;
  }

  #succeeded(): void {
    const { header } = this.#parser;
    const bytes = successBytes(this.#form);
    const start = this.#sendQueue.compose(bytes);
    writeSuccessOf(header, this.#sendQueue.buffer, start, this.#form);
    this.#sendQueue.composed(bytes);
  }

  /**
   * Writes as much of a large payload as is there, so that the client sends the next bytes meanwhile. What cannot be
   * written now is tried again with all the rest.
   */
  #writeBegun(): void {
    const { header, begun, usedBytes } = this.#parser;
    if (begun === undefined || header.command !== Command.write) return;
    const { offsetNumber: offset, lengthNumber: length } = header;
    const end = begun.start - ((offset + begun.start) % this.#wholeBytes);
    if (end - usedBytes < pieceBytesMin || !this.#mayWrite(offset, length)) return;
    if (this.#exported.writeNow(begun.buffer, usedBytes, end, offset + usedBytes))
      this.#parser.usedBytes = end;
  }

  #mayWrite(offset: number, length: number): boolean {
    const allowed = this.#form === "extended" ? CommandFlag.payloadLength : 0;
    return (
      (this.#parser.header.flags & ~allowed) === 0 &&
      this.#exported.canWrite &&
      this.#isInside(offset, length)
    );
  }

  #isInside(offset: number, length: number): boolean {
    const whole = this.#minimum === 1 || (offset % this.#minimum === 0 && length % this.#minimum === 0);
    return length > 0 && whole && offset + length <= this.#size;
  }
}
