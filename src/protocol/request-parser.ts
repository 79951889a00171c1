import { ByteQueue } from "../core/bytes.ts";
import { NbdError } from "../core/errors.ts";
import { Command, requestBytesMax } from "./constants.ts";
import type { Request } from "./request.ts";
import {
  extendedRequestHeaderBytes,
  payloadBytes,
  type RequestHeader,
  readRequestHeader,
  requestHeaderBytes,
  toRequest,
} from "./request-header.ts";

/** A refused write is read and dropped up to here, so that the client gets its error; past it the connection ends. */
export const skippedBytesMax: number = 2 * requestBytesMax;

const noPayload = Buffer.alloc(0);

/** Cuts the byte stream of the transmission phase into requests. Push bytes in, pull requests out. */
export class RequestParser {
  readonly #extended: boolean;
  readonly #headerBytes: number;
  readonly #arrived = new ByteQueue();
  #header: RequestHeader | undefined;
  #skip = 0;

  constructor(extended: boolean) {
    this.#extended = extended;
    this.#headerBytes = extended ? extendedRequestHeaderBytes : requestHeaderBytes;
  }

  /** Bytes received that no request has used yet. */
  get pendingBytes(): number {
    return this.#arrived.length;
  }

  /** True between requests: a peer that leaves now has cut nothing off. */
  get idle(): boolean {
    return this.#header === undefined && this.#arrived.length === 0 && this.#skip === 0;
  }

  push(bytes: Buffer): void {
    this.#arrived.push(bytes);
  }

  /**
   * The next complete request, or undefined until more bytes come.
   * @throws NbdError EPROTO when the stream cannot be followed any further
   */
  next(): Request | undefined {
    this.#header ??= this.#takeHeader();
    if (this.#header === undefined) return undefined;
    return this.#finish(this.#header);
  }

  #takeHeader(): RequestHeader | undefined {
    if (this.#arrived.length < this.#headerBytes) return undefined;
    const header = readRequestHeader(this.#arrived.take(this.#headerBytes), this.#extended);
    if (header === undefined) throw new NbdError("EPROTO", "invalid request: wrong magic number");
    const payload = payloadBytes(header, this.#extended);
    if (payload > skippedBytesMax) {
      throw new NbdError("EPROTO", `invalid request: payload of ${payload} bytes is over the limit`);
    }
    if (payload > requestBytesMax) this.#skip = Number(payload);
    return header;
  }

  #finish(header: RequestHeader): Request | undefined {
    if (this.#skip > 0) return this.#skipPayload(header);
    const length = Number(payloadBytes(header, this.#extended));
    if (this.#arrived.length < length) return undefined;
    this.#header = undefined;
    return toRequest(header, length === 0 ? noPayload : this.#arrived.take(length), this.#extended);
  }

  #skipPayload(header: RequestHeader): Request | undefined {
    this.#skip -= this.#arrived.take(Math.min(this.#skip, this.#arrived.length)).length;
    if (this.#skip > 0) return undefined;
    this.#header = undefined;
    // doc/proto.md, "NBD_CMD_WRITE": too much to write is ENOMEM where the size is the only fault.
    const code = header.command === Command.write ? "ENOMEM" : "EINVAL";
    return {
      kind: "refused",
      cookie: header.cookie,
      offset: header.offset,
      code,
      reason: `payload of ${header.length} bytes is over the limit`,
    };
  }
}
