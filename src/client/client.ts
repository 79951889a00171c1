import { disposeBy } from "../core/dispose.ts";
import { NbdError } from "../core/errors.ts";
import type { Extent, StatusExtent } from "../core/extent.ts";
import { aBuffer } from "../core/kinds.ts";
import { checkKind, checkOptions } from "../core/shape.ts";
import type { ReplyForm } from "../protocol/chunk.ts";
import type { ClientAgreement } from "../protocol/client/handshake.ts";
import { baseAllocation } from "../protocol/constants.ts";
import type { BlockSize } from "../protocol/export-info.ts";
import type { NbdAddress } from "./address.ts";
import { allocationOf } from "./allocation.ts";
import { aLengthOrBuffer, bytesOf } from "./arguments.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ClientConnection } from "./connection.ts";
import { Engine } from "./engine.ts";
import { uriOf } from "./format-uri.ts";
import { joinEqual } from "./join.ts";
import { readShape, signalShape, statusShape, writeShape, zeroShape } from "./option-shapes.ts";
import type { ReadOptions, StatusOptions, WriteOptions, ZeroOptions } from "./options.ts";
import { Requests } from "./requests.ts";
import { cutRange, eachPiece } from "./split.ts";

/**
 * An open export. Any number of requests may be under way; replies come in any order.
 *
 * Offsets and lengths are bytes. Whatever the server refuses, or this side knows that it would refuse, throws
 * `NbdError` with the errno name in `code`; a server that breaks the protocol ends the connection with EPROTO, and a
 * lost connection fails everything with ECONNRESET. An aborted request rejects at once with the signal's
 * reason, though the server may still do it.
 */
export class NbdClient implements AsyncDisposable {
  /** `await using` calls it at the end of the scope: as `close`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(NbdClient, (client) => client.close());
  }

  readonly address: NbdAddress;
  /** The address as NBD URI. */
  readonly uri: string;
  /** bytes */
  readonly size: bigint;
  /** The server's name for the export, which differs from the one asked for when that was "" (the default). */
  readonly exportName: string;
  readonly description: string | undefined;
  readonly capabilities: Capabilities;
  /** As the server announced it; without it, 1 byte to 32 MiB. */
  readonly blockSize: BlockSize | undefined;
  readonly handshake: ClientAgreement["style"];
  readonly replyForm: ReplyForm;
  /** Names of the metadata contexts that `blockStatus` reports. */
  readonly contexts: readonly string[];
  /** Every context that the export has, if `connect` was told to ask. */
  readonly availableContexts: readonly string[];
  /** Settles when the connection is gone; with the reason, unless `close` was it. */
  readonly closed: Promise<NbdError | undefined>;
  readonly #engine: Engine;
  readonly #requests: Requests;
  readonly #contextIds: ReadonlyMap<string, number>;

  /** Use `connect`. */
  constructor(connection: ClientConnection, address: NbdAddress, agreement: ClientAgreement) {
    this.address = address;
    this.uri = uriOf(address);
    this.size = agreement.info.size;
    this.exportName = agreement.info.name ?? agreement.exportName;
    this.description = agreement.info.description;
    this.blockSize = agreement.info.blockSize;
    this.handshake = agreement.style;
    this.replyForm = agreement.replyForm;
    this.#contextIds = new Map(agreement.contexts.map(({ name, id }) => [name, id]));
    this.contexts = [...this.#contextIds.keys()];
    this.availableContexts = agreement.availableContexts;
    this.#requests = new Requests(agreement);
    this.capabilities = this.#requests.capabilities;
    this.#engine = new Engine(connection, agreement.replyForm, this.uri);
    this.closed = this.#engine.closedBecause;
  }

  get readOnly(): boolean {
    return this.capabilities.readOnly;
  }

  /**
   * Reads into a new buffer or into the caller's, in as many requests as it takes. After a failure the
   * contents of the caller's buffer are unspecified; after an abort it is not touched any more.
   */
  async read(
    offset: bigint | number,
    lengthOrInto: number | Uint8Array,
    options: ReadOptions = {},
  ): Promise<Buffer> {
    checkOptions("read", options, readShape);
    checkKind("read: the length", lengthOrInto, aLengthOrBuffer);
    const start = bytesOf("read: the offset", offset);
    const length = typeof lengthOrInto === "number" ? lengthOrInto : lengthOrInto.length;
    this.#requests.check("read", start, BigInt(length));
    const into = typeof lengthOrInto === "number" ? Buffer.allocUnsafe(length) : asBuffer(lengthOrInto);
    await eachPiece(into, this.#requests.payloadMax, (piece, at) => {
      const request = this.#requests.read(start + BigInt(at), piece, options.dontFragment ?? false);
      return this.#engine.submit(request, options.signal);
    });
    return into;
  }

  /** Writes the bytes, which must stay untouched until the promise settles; with a signal they are copied first. */
  async write(offset: bigint | number, data: Uint8Array, options: WriteOptions = {}): Promise<void> {
    checkOptions("write", options, writeShape);
    checkKind("write: the data", data, aBuffer);
    const start = bytesOf("write: the offset", offset);
    this.#requests.check("write", start, BigInt(data.length));
    const flags = this.#requests.writeFlags({ fua: options.fua });
    // An aborted write may still sit in the socket's queue when the caller reuses the buffer.
    const bytes = options.signal === undefined ? asBuffer(data) : Buffer.from(data);
    await eachPiece(bytes, this.#requests.payloadMax, (piece, at) =>
      this.#engine.submit(this.#requests.write(start + BigInt(at), piece, flags), options.signal),
    );
  }

  /** Waits until every write that was answered is on permanent storage. */
  async flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkOptions("flush", options, signalShape);
    await this.#engine.submit(this.#requests.flush(), options.signal);
  }

  /** Says that the range is not needed any more; what it reads as afterwards is the server's choice. */
  async trim(offset: bigint | number, length: bigint | number, options: WriteOptions = {}): Promise<void> {
    checkOptions("trim", options, writeShape);
    await this.#eachRange(
      "trim",
      offset,
      length,
      this.#requests.writeFlags({ fua: options.fua }),
      options.signal,
    );
  }

  /** Makes the range read as zeroes. */
  async zero(offset: bigint | number, length: bigint | number, options: ZeroOptions = {}): Promise<void> {
    checkOptions("zero", options, zeroShape);
    await this.#eachRange("zero", offset, length, this.#requests.writeFlags(options), options.signal);
  }

  /** Says that the range will be read soon. */
  async cache(
    offset: bigint | number,
    length: bigint | number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    checkOptions("cache", options, signalShape);
    await this.#eachRange("cache", offset, length, 0, options.signal);
  }

  /**
   * What the range is made of, by context name: extents from `offset` on, at least one. They may end before the
   * range does (ask again from there), and the last one may go beyond it.
   */
  async blockStatus(
    offset: bigint | number,
    length: bigint | number,
    options: StatusOptions = {},
  ): Promise<Map<string, readonly StatusExtent[]>> {
    checkOptions("blockStatus", options, statusShape);
    const start = bytesOf("blockStatus: the offset", offset);
    const wanted = bytesOf("blockStatus: the length", length);
    this.#requests.check("block status", start, wanted);
    if (wanted === 0n) throw new NbdError("EINVAL", "block status of 0 bytes: ask for at least one");
    const names = options.context === undefined ? this.contexts : [options.context];
    const ids = names.map((name) => this.#contextId(name));
    const request = this.#requests.blockStatus(start, wanted, options.requestOne ?? false, ids);
    const byId = await this.#engine.submit(request, options.signal);
    return new Map(names.map((name, index) => [name, byId.get(ids[index]!)!]));
  }

  /** The allocation (`base:allocation`) of exactly this range, in as many requests as it takes. */
  async extents(
    offset: bigint | number,
    length: bigint | number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Extent[]> {
    checkOptions("extents", options, signalShape);
    const extents: Extent[] = [];
    for await (const extent of joinEqual(this.statusOf(baseAllocation, offset, length, options))) {
      extents.push(allocationOf(extent));
    }
    return extents;
  }

  /** The extents of one context that cover exactly this range, as the server gives them. */
  async *statusOf(
    context: string,
    offset: bigint | number,
    length: bigint | number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<StatusExtent, void, undefined> {
    checkOptions("statusOf", options, signalShape);
    const start = bytesOf("statusOf: the offset", offset);
    const end = start + bytesOf("statusOf: the length", length);
    for (let at = start; at < end; ) {
      const status = await this.blockStatus(at, end - at, { context, signal: options.signal });
      for (const { length: found, state } of status.get(context)!) {
        const inside = at + found > end ? end - at : found;
        yield { length: inside, state };
        at += inside;
      }
    }
  }

  /** Waits for the requests under way, takes leave of the server, and closes. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Closes at once: requests under way reject with the reason. */
  destroy(reason?: NbdError): void {
    this.#engine.destroy(reason);
  }

  /** One request after the other, since a range may be as long as the disk and a request only 32 bits. */
  async #eachRange(
    command: "trim" | "zero" | "cache",
    offset: bigint | number,
    length: bigint | number,
    flags: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const start = bytesOf(`${command}: the offset`, offset);
    const wanted = bytesOf(`${command}: the length`, length);
    this.#requests.check(command, start, wanted);
    for (const range of cutRange(start, wanted, this.#requests.rangeMax)) {
      await this.#engine.submit(this.#requests.range(command, range.offset, range.length, flags), signal);
    }
  }

  #contextId(name: string): number {
    const id = this.#contextIds.get(name);
    if (id === undefined) {
      const known = this.contexts.join(", ");
      throw new NbdError(
        "ENOTSUP",
        `the metadata context "${name}" was not agreed on (only: ${known || "none"})`,
      );
    }
    return id;
  }
}

/** The same bytes, with a Buffer's methods. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
