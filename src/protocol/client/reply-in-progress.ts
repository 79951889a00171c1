import type { StatusExtent } from "../../core/extent.ts";
import type { ChunkHeader } from "../chunk.ts";
import { Chunk, ChunkFlag } from "../constants.ts";
import type { Awaited, AwaitedRead, Outcome, ReplyFailure } from "./awaited.ts";
import { isErrorChunk, readErrorChunk, readStatusChunk } from "./chunk.ts";
import { Coverage } from "./coverage.ts";
import { errorChunksMax } from "./limits.ts";
import { violation } from "./violation.ts";

/** Collects the chunks of one reply and checks that they form a complete answer. */
export class ReplyInProgress {
  readonly awaited: Awaited;
  readonly #status = new Map<number, readonly StatusExtent[]>();
  #coverage: Coverage | undefined;
  #failure: ReplyFailure | undefined;
  #contentChunks = 0;
  #errorChunks = 0;

  constructor(awaited: Awaited) {
    this.awaited = awaited;
  }

  /** Accepts a chunk that contains no data of a read. */
  accept(header: ChunkHeader, payload: Buffer): void {
    const { type } = header;
    if (isErrorChunk(type)) {
      // Keep the first error: later errors are usually its consequences.
      const failure = readErrorChunk(type, payload);
      if (++this.#errorChunks > errorChunksMax)
        throw violation(`more than ${errorChunksMax} errors in a reply`);
      this.#failure ??= failure;
    } else if (type === Chunk.offsetHole) {
      this.#acceptHole(payload);
    } else if (type === Chunk.none) {
      if ((header.flags & ChunkFlag.done) === 0) throw violation("an empty chunk that is not the last one");
    } else {
      this.#acceptStatus(type, payload);
    }
  }

  /**
   * Accepts the header of a data chunk.
   * @returns the start of the data, relative to the read
   * @throws NbdError EPROTO when the data is outside of the read, or arrives twice
   */
  acceptData(offset: bigint, length: number): number {
    const { offset: begin, length: asked, dontFragment } = this.#read();
    if (offset < begin || offset + BigInt(length) > begin + BigInt(asked)) {
      throw violation(`chunk of ${length} bytes at ${offset} for a read of ${asked} bytes at ${begin}`);
    }
    if (dontFragment && this.#contentChunks > 0)
      throw violation("a read that must not be fragmented came in pieces");
    this.#contentChunks++;
    const start = Number(offset - begin);
    this.#coverage ??= new Coverage();
    this.#coverage.add(start, start + length);
    return start;
  }

  /** Finishes the reply after its last chunk. @throws NbdError EPROTO when a part is missing */
  finish(): Outcome {
    if (this.#failure !== undefined) return { ok: false, failure: this.#failure };
    const { awaited } = this;
    if (awaited.kind === "read" && !(this.#coverage?.isComplete(awaited.length) ?? awaited.length === 0)) {
      throw violation(`a read of ${awaited.length} bytes ended before all of it came`);
    }
    if (awaited.kind === "status" && this.#status.size !== awaited.contextIds.length) {
      throw violation("block status without an answer for every metadata context");
    }
    return { ok: true, status: this.#status };
  }

  #acceptHole(payload: Buffer): void {
    const length = payload.readUInt32BE(8);
    if (length === 0) throw violation("a hole of length 0");
    const start = this.acceptData(payload.readBigUInt64BE(0), length);
    this.#read().into?.fill(0, start, start + length);
  }

  #acceptStatus(type: number, payload: Buffer): void {
    const { awaited } = this;
    if (awaited.kind !== "status") throw violation("block status for a request that is none");
    const { contextId, extents } = readStatusChunk(type, payload, awaited);
    if (!awaited.contextIds.includes(contextId))
      throw violation(`block status for the unknown context ${contextId}`);
    if (this.#status.has(contextId)) throw violation(`block status for context ${contextId} came twice`);
    this.#status.set(contextId, extents);
  }

  #read(): AwaitedRead {
    if (this.awaited.kind !== "read") throw violation("data for a request that is no read");
    return this.awaited;
  }
}
