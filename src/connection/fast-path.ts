import type { ReplyForm } from "../protocol/chunk.ts";
import { Command, CommandFlag } from "../protocol/constants.ts";
import { mayLeaveOut, readHeaderBytes, sparseReadReply, writeReadHeaderOf } from "../protocol/read-reply.ts";
import { successBytes, writeSuccessOf } from "../protocol/reply.ts";
import type { RequestParser } from "../protocol/request-parser.ts";
import type { ServedExport } from "../served/served-export.ts";
import { composedBytesMax, type SendQueue } from "../transport/send-queue.ts";

/** Larger reads are rare and get a buffer each. */
const readBytesMax = composedBytesMax - 64;

/** Bytes. A smaller piece of a write is not worth a system call. */
const pieceBytesMin = 64 * 1024;

/** Bytes. When a write covers a part of a page, the file system may have to read the rest of the page. */
const pageBytes = 4096;

/**
 * The fast path: answers reads and writes that the export can complete synchronously, without a request
 * object for each.
 * It uses the parser, the checks and the reply formats of {@link dispatch}. Every other request, also a wrong
 * one, goes to `dispatch`.
 */
export class FastPath {
  readonly #parser: RequestParser;
  readonly #sendQueue: SendQueue;
  readonly #exported: ServedExport;
  readonly #form: ReplyForm;
  /** The size in bytes, limited so that every offset below it is exact as a number. */
  readonly #size: number;
  readonly #minimum: number;
  /** Pieces of writes end at multiples of this many bytes. */
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

  /** @returns true when the next request has been answered */
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
   * Writes the part of a large payload that has arrived, while the client sends the rest.
   * A part that cannot be written synchronously is written again with the whole request.
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
