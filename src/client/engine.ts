import { assert } from "../core/assert.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import type { StatusExtent } from "../core/extent.ts";
import type { ReplyForm } from "../protocol/chunk.ts";
import type { Awaited, Outcome } from "../protocol/client/awaited.ts";
import { ReplyParser, type ReplySink } from "../protocol/client/reply-parser.ts";
import { Command } from "../protocol/constants.ts";
import { writeRequestHeader } from "../protocol/request-header.ts";
import type { Receiver } from "../transport/transport.ts";
import type { ClientConnection } from "./connection.ts";

/** One request as sent to the server, and the reply that it expects. */
export interface Submission {
  readonly command: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly length: bigint;
  /** The caller must not change the payload until the promise settles. */
  readonly payload?: Buffer;
  readonly awaited: Awaited;
  /** Describes the request in error messages: "write of 4096 bytes at 0". */
  readonly what: string;
}

export type StatusByContext = ReadonlyMap<number, readonly StatusExtent[]>;

/** The reply to a request for some contexts is complete only with the extents of each. */
export function extentsOf(status: StatusByContext, contextId: number): readonly StatusExtent[] {
  const extents = status.get(contextId);
  assert(extents !== undefined);
  return extents;
}

interface InFlight {
  readonly submission: Submission;
  readonly resolve: (status: StatusByContext) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Bytes. Payloads up to this size are copied behind their header: the copy costs less than a second system
 * call.
 */
const copiedPayloadBytesMax = 16 * 1024;

/**
 * The requests of one connection. A request waits in `#waiting` while the send queue is full, then is sent
 * and stays in `#inFlight` under its cookie until its reply is complete. When the connection is lost, all
 * requests fail. After `close`, NBD_CMD_DISC is sent once no request is waiting or in flight.
 */
export class Engine implements Receiver, ReplySink {
  /** Resolves when the connection is closed: with the reason, or with undefined after `close`. */
  readonly closedBecause: Promise<NbdError | undefined>;
  readonly #connection: ClientConnection;
  readonly #form: ReplyForm;
  readonly #server: string;
  readonly #parser: ReplyParser;
  readonly #inFlight = new Map<bigint, InFlight>();
  /** Requests that wait until the server has received enough of the send queue. */
  readonly #waiting: InFlight[] = [];
  #nextCookie = 1n;
  #closing = false;
  #dead: NbdError | undefined;
  /** The constructor sets it: the function that is passed to a promise runs at once. */
  #resolveClosed!: (reason: NbdError | undefined) => void;

  /** @param server the URI, for error messages */
  constructor(connection: ClientConnection, form: ReplyForm, server: string) {
    this.#connection = connection;
    this.#form = form;
    this.#server = server;
    this.#parser = new ReplyParser(form, this);
    this.closedBecause = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    connection.handOver(this);
  }

  /**
   * Sends a request as soon as the send queue has room.
   * @throws NbdError the error of the server, or the reason why the connection is closed
   * @throws the reason of the signal after an abort
   */
  submit(submission: Submission, signal?: AbortSignal): Promise<StatusByContext> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#dead !== undefined)
        throw this.#error(this.#dead.code, `${submission.what}: ${this.#dead.message}`);
      if (this.#closing) throw this.#error("ESHUTDOWN", `${submission.what}: the client is closed`);
      const request: InFlight = signal
        ? abortable({ submission, resolve, reject }, signal, this.#waiting)
        : { submission, resolve, reject };
      if (this.#waiting.length > 0 || this.#isFull()) this.#waiting.push(request);
      else this.#send(request);
    });
  }

  /** Waits for the requests in flight, sends NBD_CMD_DISC, and closes. */
  close(): Promise<void> {
    this.#closing = true;
    this.#closeWhenIdle();
    return this.closedBecause.then(() => {});
  }

  /** Closes at once. All requests in flight fail with the reason. */
  destroy(reason: NbdError = new NbdError("ECONNABORTED", "the client was destroyed")): void {
    this.#endBecause(reason);
  }

  /** @returns the reason why the connection ended: an earlier one, if there is one */
  #endBecause(reason: NbdError): NbdError {
    if (this.#dead !== undefined) return this.#dead;
    this.#dead = reason;
    this.#connection.transport.destroy();
    const lost = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting.length = 0;
    for (const { submission, reject } of lost) {
      reject(this.#error(reason.code, `${submission.what}: ${reason.message}`, reason));
    }
    return reason;
  }

  awaited(cookie: bigint): Awaited | undefined {
    return this.#inFlight.get(cookie)?.submission.awaited;
  }

  settled(cookie: bigint, outcome: Outcome): void {
    // The parser settles only cookies that `awaited` has found.
    const { submission, resolve, reject } = this.#inFlight.get(cookie)!;
    this.#inFlight.delete(cookie);
    if (outcome.ok) {
      resolve(outcome.status);
    } else {
      const { code, text, offset } = outcome.failure;
      const where = offset === undefined ? "" : ` at offset ${offset}`;
      reject(
        this.#error(code, `${submission.what} failed: ${code}${where}${text === "" ? "" : `: ${text}`}`),
      );
      // doc/proto.md, "Terminating the transmission phase": after NBD_ESHUTDOWN the client must disconnect.
      if (code === "ESHUTDOWN") this.#closing = true;
    }
    this.#closeWhenIdle();
  }

  received(bytes: Buffer): void {
    if (this.#dead !== undefined) return;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.destroy(new NbdError(codeOf(error), messageOf(error), { cause: error }));
    }
  }

  drained(): void {
    while (!this.#isFull()) {
      const request = this.#waiting.shift();
      if (request === undefined) break;
      this.#send(request);
    }
    this.#closeWhenIdle();
  }

  ended(): void {
    // After NBD_CMD_DISC the server may close the connection: this is no error.
    if (!(this.#closing && this.#isIdle()))
      this.destroy(new NbdError("ECONNRESET", "the server closed the connection"));
  }

  closed(error?: Error): void {
    const orderly = this.#closing && this.#dead === undefined && this.#isIdle();
    const { code, message } = this.#endBecause(
      new NbdError("ECONNRESET", `the connection was lost${error ? `: ${messageOf(error)}` : ""}`),
    );
    this.#resolveClosed(orderly ? undefined : this.#error(code, message));
  }

  #send(request: InFlight): void {
    const { command, flags, offset, length, payload } = request.submission;
    const cookie = this.#nextCookie++;
    this.#inFlight.set(cookie, request);
    const header = writeRequestHeader({ command, flags, cookie, offset, length }, this.#form === "extended");
    if (payload === undefined) this.#connection.send(header);
    else if (payload.length <= copiedPayloadBytesMax) this.#connection.send(Buffer.concat([header, payload]));
    else this.#connection.send(header, payload);
  }

  #closeWhenIdle(): void {
    if (!this.#closing || this.#dead !== undefined || !this.#isIdle()) return;
    const header = {
      command: Command.disconnect,
      flags: 0,
      cookie: this.#nextCookie,
      offset: 0n,
      length: 0n,
    };
    this.#connection.send(writeRequestHeader(header, this.#form === "extended"));
    this.#connection.transport.end();
  }

  #isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#waiting.length === 0;
  }

  #isFull(): boolean {
    return this.#connection.transport.sendQueue.isFull;
  }

  #error(code: string, message: string, cause?: Error): NbdError {
    return new NbdError(code, `${this.#server}: ${message}`, cause && { cause });
  }
}

/**
 * Makes a request reject at once when the signal aborts. A request that was sent stays in `#inFlight`, so
 * that its late reply still finds its cookie. Data of a late read reply is dropped, because the caller may
 * reuse the buffer.
 */
function abortable(request: InFlight, signal: AbortSignal, waiting: InFlight[]): InFlight {
  const { submission, resolve, reject } = request;
  const abort = (): void => {
    if (submission.awaited.kind === "read") submission.awaited.into = undefined;
    const at = waiting.indexOf(guarded);
    if (at >= 0) waiting.splice(at, 1);
    reject(signal.reason);
  };
  const settle =
    <T>(pass: (value: T) => void) =>
    (value: T): void => {
      signal.removeEventListener("abort", abort);
      pass(value);
    };
  const guarded: InFlight = { submission, resolve: settle(resolve), reject: settle(reject) };
  signal.addEventListener("abort", abort);
  return guarded;
}
