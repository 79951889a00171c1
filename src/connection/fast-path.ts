import type { ReplyForm } from "../protocol/chunk.ts";
import { Command, CommandFlag } from "../protocol/constants.ts";
import { mayLeaveOut, readHeaderBytes, sparseReadReply, writeReadHeaderOf } from "../protocol/read-reply.ts";
import { successBytes, writeSuccessOf } from "../protocol/reply.ts";
import type { RequestParser } from "../protocol/request-parser.ts";
import type { ServedExport } from "../served/served-export.ts";
import { composedBytesMax, type SendQueue } from "../transport/send-queue.ts";
import type { RequestCheck } from "./check.ts";

/** Larger reads are rare and get a buffer each. */
const readBytesMax = composedBytesMax - 64;

/** Bytes. A smaller piece of a write is not worth a system call. */
const pieceBytesMin = 64 * 1024;

/** Bytes. When a write covers a part of a page, the file system may have to read the rest of the page. */
const pageBytes = 4096;

/**
 * The fast path: answers reads and writes that the export can complete synchronously, without a request
 * object for each. It uses the parser, the check and the reply formats of the general path (`dispatch.ts`).
 * Every other request, also a wrong one, is left to the general path.
 */
export class FastPath {
  readonly #parser: RequestParser;
  readonly #check: RequestCheck;
  readonly #sendQueue: SendQueue;
  readonly #exported: ServedExport;
  readonly #form: ReplyForm;
  /** The flags that need nothing else done, for reads and for writes. */
  readonly #readFlags: number;
  readonly #writeFlags: number;
  /** Pieces of writes end at multiples of this many bytes. */
  readonly #wholeBytes: number;

  constructor(
    parser: RequestParser,
    sendQueue: SendQueue,
    check: RequestCheck,
    { exported, replyForm }: { readonly exported: ServedExport; readonly replyForm: ReplyForm },
  ) {
    this.#parser = parser;
    this.#check = check;
    this.#sendQueue = sendQueue;
    this.#exported = exported;
    this.#form = replyForm;
    this.#readFlags = replyForm === "simple" ? 0 : CommandFlag.dontFragment;
    this.#writeFlags = replyForm === "extended" ? CommandFlag.payloadLength : 0;
    this.#wholeBytes = Math.max(exported.requestUnit, pageBytes);
  }

  /** @returns true when the request that the parser has found is answered */
  answer(): boolean {
    const { command } = this.#parser.header;
    return command === Command.read ? this.#read() : command === Command.write && this.#write();
  }

  /**
   * Writes the part of a large payload that has arrived, while the client sends the rest.
   * A part that cannot be written synchronously is written again with the whole request.
   */
  writeBegun(): void {
    const { header, begun, usedBytes } = this.#parser;
    if (begun === undefined || header.command !== Command.write) return;
    const { offsetNumber: offset, lengthNumber: length } = header;
    const end = begun.start - ((offset + begun.start) % this.#wholeBytes);
    if (end - usedBytes < pieceBytesMin || !this.#mayWrite(offset, length)) return;
    if (this.#exported.writeNow(begun.buffer, usedBytes, end, offset + usedBytes))
      this.#parser.usedBytes = end;
  }

  #read(): boolean {
    const { header } = this.#parser;
    const length = header.lengthNumber;
    const offset = header.offsetNumber;
    if (length > readBytesMax || (header.flags & ~this.#readFlags) !== 0) return false;
    if (this.#check.rangeProblem(offset, length) !== undefined) return false;
    const replyBytes = readHeaderBytes[this.#form] + length;
    const start = this.#sendQueue.compose(replyBytes);
    const { buffer } = this.#sendQueue;
    const end = start + replyBytes;
    if (!this.#exported.readNow(buffer, end - length, end, offset)) {
      this.#sendQueue.discard(replyBytes);
      return false;
    }
    writeReadHeaderOf(header, buffer, start, this.#form, length);
    this.#leaveOutZeroes(buffer, start, end);
    return true;
  }

  /** Replaces the reply that was composed by one without the zeroes, if there are enough of them. */
  #leaveOutZeroes(buffer: Buffer, start: number, end: number): void {
    const { header } = this.#parser;
    if (this.#form === "simple" || (header.flags & CommandFlag.dontFragment) !== 0) return;
    const data = start + readHeaderBytes[this.#form];
    if (!mayLeaveOut(buffer, data, end, header.offsetLow)) return;
    const { cookie, offset } = header;
    const reply = sparseReadReply({ form: this.#form, cookie, offset }, buffer.subarray(data, end));
    if (reply === undefined) return;
    this.#sendQueue.discard(end - start);
    this.#sendQueue.write(reply);
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
  }

  #mayWrite(offset: number, length: number): boolean {
    const { flags } = this.#parser.header;
    return (
      (flags & ~this.#writeFlags) === 0 &&
      this.#check.mayWrite &&
      this.#check.rangeProblem(offset, length) === undefined
    );
  }
}
