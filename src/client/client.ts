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
import { aLengthOrBuffer, asBuffer, bytesOf, contextNotNegotiated } from "./arguments.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ClientConnection } from "./connection.ts";
import { Engine, extentsOf } from "./engine.ts";
import { uriOf } from "./format-uri.ts";
import { joinEqual } from "./join.ts";
import { readShape, signalShape, statusShape, writeShape, zeroShape } from "./option-shapes.ts";
import type { ReadOptions, StatusOptions, WriteOptions, ZeroOptions } from "./options.ts";
import { Requests } from "./requests.ts";
import { cutRange, eachPiece } from "./split.ts";

/**
 * A connection to an open export. Any number of requests may be in flight; replies arrive in any order.
 *
 * Offsets and lengths are bytes. A request that the server refuses throws `NbdError` with the errno name in
 * `code`. The client itself refuses requests that the export cannot accept (out of range, not aligned, not
 * offered). A protocol violation by the server closes the connection with EPROTO. A lost connection fails all
 * requests with ECONNRESET. An aborted request rejects at once with the signal's reason; the server may still
 * execute it.
 */
export class NbdClient implements AsyncDisposable {
  /** Same as `close`; `await using` calls this method at the end of the scope. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(NbdClient, (client) => client.close());
  }

  /** The address that the client connected to, with the export name that was requested. */
  readonly address: NbdAddress;
  /** The address as an NBD URI. */
  readonly uri: string;
  /** Size of the export in bytes. */
  readonly size: bigint;
  /**
   * The server's name of the export. May differ from the requested name when that was "" (the default
   * export).
   */
  readonly exportName: string;
  /** The server's description of the export; undefined when the server sent none. */
  readonly description: string | undefined;
  /** What the server announced that the export can do. */
  readonly capabilities: Capabilities;
  /**
   * The block size constraints in bytes. Undefined when the server sent none: then 1 byte to 32 MiB apply.
   */
  readonly blockSize: BlockSize | undefined;
  /** The handshake style that the server uses. */
  readonly handshake: ClientAgreement["style"];
  /** The form of the replies that the handshake negotiated: simple, structured, or extended headers. */
  readonly replyForm: ReplyForm;
  /** Names of the negotiated metadata contexts, which `blockStatus` reports. */
  readonly contexts: readonly string[];
  /** Names of all metadata contexts of the export. Empty unless `connect` got the option `listContexts`. */
  readonly availableContexts: readonly string[];
  /** Resolves when the connection is closed: with undefined after `close`, otherwise with the reason. */
  readonly closed: Promise<NbdError | undefined>;
  readonly #engine: Engine;
  readonly #requests: Requests;
  readonly #contextIds: ReadonlyMap<string, number>;

  /** Internal: programs call `connect`. */
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

  /** Whether the export is read-only. Same as `capabilities.readOnly`. */
  get readOnly(): boolean {
    return this.capabilities.readOnly;
  }

  /**
   * Reads bytes into a new buffer, or into a buffer of the caller. Long reads are split into several
   * requests. After a failure the contents of the caller's buffer are unspecified. After an abort the client
   * no longer writes into that buffer.
   * @param offset bytes
   * @param lengthOrInto the length in bytes, or the buffer to fill
   * @throws NbdError EINVAL for a wrong argument or range; ENOTSUP for a flag that the server did not offer;
   * the error of the server; ECONNRESET, EPROTO or ESHUTDOWN when the connection is closed
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

  /**
   * Writes bytes. The caller must not change `data` until the promise settles, unless `signal` is set: then
   * the client copies `data` first. Long writes are split into several requests.
   * @param offset bytes
   * @throws NbdError as `read`; EPERM for a read-only export
   */
  async write(offset: bigint | number, data: Uint8Array, options: WriteOptions = {}): Promise<void> {
    checkOptions("write", options, writeShape);
    checkKind("write: the data", data, aBuffer);
    const start = bytesOf("write: the offset", offset);
    this.#requests.check("write", start, BigInt(data.length));
    const flags = this.#requests.writeFlags({ fua: options.fua });
    // Copy: an aborted write may still be in the send queue of the socket when the caller reuses the buffer.
    const bytes = options.signal === undefined ? asBuffer(data) : Buffer.from(data);
    await eachPiece(bytes, this.#requests.payloadMax, (piece, at) =>
      this.#engine.submit(this.#requests.write(start + BigInt(at), piece, flags), options.signal),
    );
  }

  /**
   * Waits until all completed writes are on permanent storage.
   * @throws NbdError as `read`; ENOTSUP when the server does not support flush
   */
  async flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkOptions("flush", options, signalShape);
    await this.#engine.submit(this.#requests.flush(), options.signal);
  }

  /**
   * Discards a range. The server decides what the range contains afterwards.
   * @param offset bytes
   * @param length bytes
   * @throws NbdError as `write`; ENOTSUP when the server does not support trim
   */
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

  /**
   * Makes a range read as zeroes.
   * @param offset bytes
   * @param length bytes
   * @throws NbdError as `write`; ENOTSUP when the server does not support zeroing, or not a fast one with
   * `fastZero`
   */
  async zero(offset: bigint | number, length: bigint | number, options: ZeroOptions = {}): Promise<void> {
    checkOptions("zero", options, zeroShape);
    await this.#eachRange("zero", offset, length, this.#requests.writeFlags(options), options.signal);
  }

  /**
   * Asks the server to load a range into its cache, because the client is going to read the range.
   * @param offset bytes
   * @param length bytes
   * @throws NbdError as `read`; ENOTSUP when the server does not support cache
   */
  async cache(
    offset: bigint | number,
    length: bigint | number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    checkOptions("cache", options, signalShape);
    await this.#eachRange("cache", offset, length, 0, options.signal);
  }

  /**
   * Returns the extents of a range by the name of the metadata context: from `offset` on, at least one
   * extent. The extents may end before the range ends: then call again from there. The last extent may end
   * beyond the range.
   * @param offset bytes
   * @param length bytes, at least 1
   * @throws NbdError as `read`; EINVAL for a length of 0; ENOTSUP for a context that was not negotiated
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
    const ids = new Map(names.map((name) => [name, this.#contextId(name)]));
    const request = this.#requests.blockStatus(start, wanted, options.requestOne ?? false, [...ids.values()]);
    const byId = await this.#engine.submit(request, options.signal);
    return new Map([...ids].map(([name, id]) => [name, extentsOf(byId, id)]));
  }

  /**
   * Returns the allocation (`base:allocation`) of exactly this range. Sends several requests if needed.
   * @param offset bytes
   * @param length bytes
   * @throws NbdError as `blockStatus`
   */
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

  /**
   * Yields the extents of one metadata context that cover exactly this range, divided as the server sends
   * them.
   * @param offset bytes
   * @param length bytes
   * @throws NbdError as `blockStatus`
   */
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
      for (const { length: found, state } of [...status.values()].flat()) {
        const inside = at + found > end ? end - at : found;
        yield { length: inside, state };
        at += inside;
      }
    }
  }

  /** Waits for the requests in flight, sends NBD_CMD_DISC, and closes the connection. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Closes the connection at once. Requests in flight reject with the reason (default: ECONNABORTED). */
  destroy(reason?: NbdError): void {
    this.#engine.destroy(reason);
  }

  /**
   * Sends requests one after the other: a range may be as long as the disk, but the length in a request has
   * 32 bits.
   */
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
    if (id === undefined) throw contextNotNegotiated(name, this.contexts);
    return id;
  }
}
