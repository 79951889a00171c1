import { codeOf, messageOf } from "../core/errors.ts";
import { type Log, logStack } from "../core/log.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import type { Answered, ReplyForm } from "../protocol/chunk.ts";
import { WireError } from "../protocol/constants.ts";
import type { MetaContext } from "../protocol/export-info.ts";
import { cutReadReply, readHeaderBytes, sparseReadReply, writeReadHeader } from "../protocol/read-reply.ts";
import { errorReply, successReply } from "../protocol/reply.ts";
import type { Request } from "../protocol/request.ts";
import { wireError } from "../protocol/wire-error.ts";
import type { ServedExport } from "../served/served-export.ts";
import { statusReply } from "./block-status.ts";
import type { Fault, RequestCheck } from "./check.ts";
import { isClientDisconnect } from "./client-info.ts";

/** The state of a connection that {@link dispatch} answers requests with. */
export interface Dispatch {
  readonly exported: ServedExport;
  readonly check: RequestCheck;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
  readonly log: Log;
  /** Aborted when the client disconnects. */
  readonly gone: AbortSignal;
  /**
   * True refuses every request: the plugin or a filter has disconnected the client (nbdkit_disconnect(3)).
   */
  readonly isDisconnected?: boolean;
}

/** Answers a request with the bytes of its reply. It never throws: a failure becomes an error reply. */
export function dispatch(request: Request, connection: Dispatch): MaybePromise<Buffer> {
  const fault = connection.isDisconnected ? disconnected : connection.check.faultOf(request);
  try {
    const reply = fault === undefined ? perform(request, connection) : refuse(request, connection, fault);
    return isPromise(reply)
      ? reply.then(undefined, (error: unknown) => failure(request, connection, error))
      : reply;
  } catch (error) {
    return failure(request, connection, error);
  }
}

const disconnected: Fault = { code: "ESHUTDOWN", reason: "the plugin or a filter disconnected the client" };

function refuse(request: Request, connection: Dispatch, fault: Fault): MaybePromise<Buffer> {
  if (connection.log.verbose) connection.log.debug(`client request refused: ${fault.reason}`);
  const structured = structuredAnswer(request, connection);
  if (request.kind === "read" && fault.crossesEnd && structured !== undefined && !request.dontFragment) {
    return readUpToEnd(request, connection, structured, fault);
  }
  return errorBytes(request, connection, fault.code, fault.reason);
}

/** Reads the part of a request that lies inside the export. The error chunk of the reply names its end. */
function readUpToEnd(
  request: Request & { kind: "read" },
  connection: Dispatch,
  answered: Answered,
  fault: Fault,
): MaybePromise<Buffer> {
  const data = Buffer.allocUnsafe(Number(connection.exported.size - request.offset));
  const done = connection.exported.read(data, request.offset);
  const finish = (): Buffer => cutReadReply(answered, data, fault.code, fault.reason);
  return isPromise(done) ? done.then(finish) : finish();
}

/** @returns undefined on a connection with simple replies */
function structuredAnswer(request: Request, { replyForm: form }: Dispatch): Answered | undefined {
  return form === "simple" ? undefined : { form, cookie: request.cookie, offset: offsetOf(request) };
}

function failure(request: Request, connection: Dispatch, error: unknown): Buffer {
  const reason = messageOf(error);
  // A fast zero that fails with ENOTSUP is not logged: the client asks whether zeroing is fast.
  if (request.kind === "zero" && request.fastZero && wireError(codeOf(error)) === WireError.ENOTSUP)
    return errorBytes(request, connection, "ENOTSUP", reason);
  if (isClientDisconnect(connection.gone, error)) connection.log.debug(`${request.kind}: ${reason}`);
  else connection.log.error(`${request.kind}: ${reason}`);
  logStack(connection.log, error);
  return errorBytes(request, connection, codeOf(error), reason);
}

function errorBytes(request: Request, connection: Dispatch, code: string, reason: string): Buffer {
  return errorReply(connection.replyForm, request.cookie, offsetOf(request), errorFor(request, code), reason);
}

/**
 * doc/proto.md, "Error values": EOVERFLOW is valid only for a read with the DF flag, and ENOTSUP only for a
 * fast zero.
 */
function errorFor(request: Request, code: string): string {
  const error = wireError(code);
  const isAskedFor =
    error === WireError.EOVERFLOW
      ? request.kind === "read" && request.dontFragment
      : error !== WireError.ENOTSUP || (request.kind === "zero" && request.fastZero);
  return isAskedFor ? code : "EINVAL";
}

function offsetOf(request: Request): bigint {
  return "offset" in request ? request.offset : 0n;
}

function perform(request: Request, connection: Dispatch): MaybePromise<Buffer> {
  const { exported } = connection;
  switch (request.kind) {
    case "read":
      return read(request, connection);
    case "write":
      return thenSuccess(exported.write(request.payload, request.offset, request.fua), request, connection);
    case "flush":
      return thenSuccess(exported.flush(), request, connection);
    case "trim":
      return thenSuccess(
        inPieces(request, (offset, length) => exported.trim(offset, length, request.fua)),
        request,
        connection,
      );
    case "zero":
      return thenSuccess(
        inPieces(request, (offset, length) => exported.zero(offset, length, request)),
        request,
        connection,
      );
    case "cache":
      return thenSuccess(
        inPieces(request, (offset, length) => exported.cache(offset, length)),
        request,
        connection,
      );
    case "blockStatus":
      return blockStatus(request, connection);
    default:
      throw new TypeError(`${request.kind} has no reply`);
  }
}

/** Puts header and data into one buffer, so that the reply is sent in one write without a copy. */
function read(request: Request & { kind: "read" }, connection: Dispatch): MaybePromise<Buffer> {
  const start = readHeaderBytes[connection.replyForm];
  const reply = Buffer.allocUnsafe(start + request.length);
  writeReadHeader(reply, connection.replyForm, request.cookie, request.offset);
  const data = reply.subarray(start);
  const done = connection.exported.read(data, request.offset);
  const finish = (): Buffer => leaveOutZeroes(data, request, connection) ?? reply;
  return isPromise(done) ? done.then(finish) : finish();
}

function leaveOutZeroes(
  data: Buffer,
  request: Request & { kind: "read" },
  connection: Dispatch,
): Buffer | undefined {
  const answered = request.dontFragment ? undefined : structuredAnswer(request, connection);
  return answered && sparseReadReply(answered, data);
}

function blockStatus(request: Request & { kind: "blockStatus" }, connection: Dispatch): MaybePromise<Buffer> {
  const answered = structuredAnswer(request, connection);
  if (connection.contexts.length === 0 || answered === undefined) {
    return errorBytes(request, connection, "EINVAL", "no metadata context was negotiated");
  }
  const { contextIds: asked } = request;
  const contexts =
    asked === undefined ? connection.contexts : connection.contexts.filter(({ id }) => asked.includes(id));
  if (contexts.length < (asked?.length ?? 0)) {
    return errorBytes(request, connection, "EINVAL", "block status for a context that was not negotiated");
  }
  const length = Number(request.length < pieceBytesMax ? request.length : pieceBytesMax);
  return statusReply(answered, { ...request, length }, contexts, connection.exported);
}

function thenSuccess(done: MaybePromise<void>, request: Request, connection: Dispatch): MaybePromise<Buffer> {
  const success = (): Buffer => successReply(connection.replyForm, request.cookie, offsetOf(request));
  return isPromise(done) ? done.then(success) : success();
}

/** Backends take lengths as numbers; extended headers can name more than a number holds exactly. */
const pieceBytesMax = 2n ** 52n;

function inPieces(
  range: { readonly offset: bigint; readonly length: bigint },
  perform: (offset: bigint, length: number) => MaybePromise<void>,
): MaybePromise<void> {
  if (range.length <= pieceBytesMax) return perform(range.offset, Number(range.length));
  return (async () => {
    const end = range.offset + range.length;
    for (let at = range.offset; at < end; at += pieceBytesMax) {
      await perform(at, Number(end - at < pieceBytesMax ? end - at : pieceBytesMax));
    }
  })();
}
