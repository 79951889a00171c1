import type { ServedExport } from "../backend/served-export.ts";
import type { ReplyForm } from "../protocol/chunk.ts";
import { Command, CommandFlag } from "../protocol/constants.ts";
import { mayLeaveOut, readHeaderBytes, sparseReadReply, writeReadHeaderOf } from "../protocol/read-reply.ts";
import { successBytes, writeSuccessOf } from "../protocol/reply.ts";
import type { RequestParser } from "../protocol/request-parser.ts";
import { composedBytesMax, type Outbox } from "../transport/outbox.ts";

/** Larger reads are rare, and their replies worth buffers of their own. */
const readBytesMax = composedBytesMax - 64;

/**
 * Answers reads and writes that an export can do at once: the same parser, checks and replies as for all other requests,
 * without an object for each. What is not so simple, or wrong, is left to {@link dispatch}.
 */
export class ExpressLane {
  readonly #parser: RequestParser;
  readonly #outbox: Outbox;
  readonly #exported: ServedExport;
  readonly #form: ReplyForm;
  /** Offsets up to here are exact as numbers. */
  readonly #size: number;
  readonly #minimum: number;

  constructor(
    parser: RequestParser,
    outbox: Outbox,
    { exported, replyForm }: { readonly exported: ServedExport; readonly replyForm: ReplyForm },
  ) {
    this.#parser = parser;
    this.#outbox = outbox;
    this.#exported = exported;
    this.#form = replyForm;
    this.#size = Math.min(Number(exported.size), Number.MAX_SAFE_INTEGER);
    this.#minimum = exported.requestUnit;
  }

  /** @returns whether the next request has been answered */
  answer(): boolean {
    if (!this.#parser.peek()) return false;
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
    const start = this.#outbox.compose(headerBytes + length);
    const { buffer } = this.#outbox;
    const data = start + headerBytes;
    if (!this.#exported.readNow(buffer, data, data + length, offset)) return false;
    if (this.#sendSparse(buffer, data, data + length)) return true;
    writeReadHeaderOf(header, buffer, start, this.#form, length);
    this.#outbox.composed(headerBytes + length);
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
    if (reply !== undefined) this.#outbox.write(reply);
    return reply !== undefined;
  }

  #write(): boolean {
    const { header, payload } = this.#parser;
    const length = payload.end - payload.start;
    const offset = header.offsetNumber;
    const allowed = this.#form === "extended" ? CommandFlag.payloadLength : 0;
    if ((header.flags & ~allowed) !== 0 || !this.#exported.canWrite || !this.#isInside(offset, length))
      return false;
    if (!this.#exported.writeNow(payload.buffer, payload.start, payload.end, offset)) return false;
    const bytes = successBytes(this.#form);
    const start = this.#outbox.compose(bytes);
    writeSuccessOf(header, this.#outbox.buffer, start, this.#form);
    this.#outbox.composed(bytes);
    return true;
  }

  #isInside(offset: number, length: number): boolean {
    const whole = this.#minimum === 1 || (offset % this.#minimum === 0 && length % this.#minimum === 0);
    return length > 0 && whole && offset + length <= this.#size;
  }
}
