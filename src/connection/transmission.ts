import type { Gate } from "../core/gate.ts";
import { isPromise } from "../core/maybe-promise.ts";
import type { Request } from "../protocol/request.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import type { SendQueue } from "../transport/send-queue.ts";
import type { Part, Receiver, Transport } from "../transport/transport.ts";
import { RequestCheck } from "./check.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";
import { FastPath } from "./fast-path.ts";

/** Limits of the concurrency of one connection. */
export interface TransmissionLimits {
  /** Maximum number of requests of this connection in flight. */
  readonly requestsInFlight: number;
  /** Serialises the requests of the whole server, where the thread model requires it. */
  readonly gate?: Gate;
}

/** Bytes of data of the reads and writes in flight of one connection. One request may exceed the limit. */
const bytesInFlightMax = 16 * 1024 * 1024;

/**
 * Bytes to receive ahead while requests wait. Keep reading: a disconnect is noticed only by reading. Clients
 * that do not write send less than this before they wait for replies.
 */
const aheadBytesMax = 64 * 1024;

/** Events of a transmission. */
export interface TransmissionEvents {
  /** The client disconnected without NBD_CMD_DISC. The replies are not needed any more. */
  disconnected(): void;
  /** Asynchronous requests have completed, or the client has accepted replies. */
  progressed(): void;
  /** Called once: no more requests will come, and all have been answered. */
  idle(): void;
  /** The client violated the protocol. The rest of the stream cannot be parsed. */
  broken(error: unknown): void;
  /** The connection is closed. The error is undefined after an orderly close. */
  closed(error: Error | undefined): void;
}

/**
 * Receives the requests of one client and sends the replies, until the client disconnects or the server
 * stops. After the handshake it is the receiver of the transport: nothing stands between the two.
 *
 * Flow control: reading pauses only when a limit is reached and enough bytes have been received ahead.
 * Replies of asynchronous requests are collected during an event-loop iteration and sent together at its end.
 */
export class Transmission implements Receiver {
  readonly #transport: Transport;
  readonly #sendQueue: SendQueue;
  readonly #parser: RequestParser;
  #fastPath: FastPath | undefined;
  #dispatch: Dispatch;
  readonly #limits: TransmissionLimits;
  readonly #events: TransmissionEvents;
  #inFlight = 0;
  #bytesInFlight = 0;
  #peerEnded = false;
  #closing = false;
  /** Initially true, because the session may have paused the transport during the handshake. */
  #paused = true;
  #pumping = false;
  /** Replies that became ready in this event-loop iteration. They are sent together at its end. */
  #ready: { readonly reply: Buffer; readonly dataBytes: number }[] = [];
  #sending: NodeJS.Immediate | undefined;
  #detached: ((rest: Buffer) => void) | undefined;

  constructor(
    transport: Transport,
    served: Omit<Dispatch, "check">,
    limits: TransmissionLimits,
    events: TransmissionEvents,
  ) {
    const check = new RequestCheck(served.exported, served.replyForm);
    this.#transport = transport;
    this.#sendQueue = transport.sendQueue;
    this.#dispatch = { ...served, check };
    this.#limits = limits;
    this.#events = events;
    this.#parser = new RequestParser(served.replyForm === "extended");
    // The fast path would overtake requests that wait for each other. Use it only for parallel requests.
    const parallel = limits.gate === undefined && limits.requestsInFlight > 1;
    this.#fastPath = parallel ? new FastPath(this.#parser, this.#sendQueue, check, served) : undefined;
  }

  /** Takes over the transport. @param rest the bytes that arrived behind the handshake */
  start(rest: Buffer): void {
    this.#transport.deliverTo(this);
    this.received(rest);
  }

  received(bytes: Buffer): void {
    // Drop bytes after the end: they would only use memory.
    if (this.#closing) return;
    this.#parser.push(bytes);
    this.#pump();
    if (this.#transport.reusesReceiveBuffer) this.#parser.keep();
  }

  missing(): Part | undefined {
    return this.#closing ? undefined : this.#parser.missing();
  }

  filled(bytes: number): void {
    this.#parser.filled(bytes);
  }

  taken(): void {
    this.#events.progressed();
  }

  /** The send queue has room for more replies. */
  drained(): void {
    this.#pump();
  }

  /** The client sends no more. Requests that have been received are still answered. */
  ended(): void {
    this.#peerEnded = true;
    if (!this.#closing && !this.#parser.endsWithDisconnect) this.#events.disconnected();
    this.#pump();
  }

  closed(error?: Error): void {
    this.#events.closed(error);
    this.close();
  }

  /** Takes no further request. Those in flight are answered. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#parser.idle) this.#dispatch.log.debug("the connection ends in the middle of a request");
    if (this.#inFlight === 0) this.#idle();
  }

  /** Refuses all further requests. Those in flight are answered. */
  disconnect(): void {
    this.#detached = undefined;
    this.#fastPath = undefined;
    this.#dispatch = { ...this.#dispatch, isDisconnected: true };
  }

  /**
   * Detaches the connection for a migration, as soon as no request is in flight. The callback receives the
   * unused received bytes and continues with the connection.
   */
  detach(detached: (rest: Buffer) => void): void {
    this.#detached = detached;
    if (!this.#pumping) this.#detachIfIdle();
  }

  #detachIfIdle(): void {
    if (this.#detached === undefined || this.#closing || this.#peerEnded || this.#isBusy()) return;
    const rest = this.#parser.rest();
    if (rest === undefined) return;
    this.#closing = true;
    this.#detached(rest);
  }

  #isBusy(): boolean {
    return this.#inFlight > 0 || this.#sendQueue.isFull || this.#transport.isOpen === false;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      let wasFull: boolean;
      do {
        while (!this.#isFull() && this.#takeOne());
        wasFull = this.#isFull();
        // Check again after flush(): it may make room without a `drained` event.
        this.#sendQueue.flush();
      } while (wasFull && !this.#isFull());
    } catch (error) {
      this.#events.broken(error);
      this.close();
    } finally {
      this.#pumping = false;
    }
    // While the send queue is full, reading is not needed to notice a disconnect: sending fails.
    const isAhead = this.#sendQueue.isFull || this.#parser.heldBytes >= aheadBytesMax;
    this.#setPaused(this.#isFull() && isAhead);
    this.#detachIfIdle();
  }

  /** @returns false when there is no further request to take */
  #takeOne(): boolean {
    if (this.#closing) return false;
    if (!this.#parser.peek()) {
      this.#fastPath?.writeBegun();
      if (this.#peerEnded) this.#clientLeaves("client closed input socket, closing connection");
      return false;
    }
    if (this.#fastPath?.answer()) this.#parser.drop();
    else this.#begin(this.#parser.take());
    return true;
  }

  #clientLeaves(how: string): void {
    if (this.#dispatch.log.verbose) this.#dispatch.log.debug(how);
    this.close();
  }

  /** Tells whether a limit is reached. The client has to wait then. */
  #isFull(): boolean {
    return (
      this.#inFlight >= this.#limits.requestsInFlight ||
      this.#bytesInFlight > bytesInFlightMax ||
      this.#sendQueue.isFull
    );
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#transport.pause();
    else this.#transport.resume();
  }

  #begin(request: Request): void {
    if (request.kind === "disconnect") {
      this.#clientLeaves("client sent NBD_CMD_DISC, closing connection");
      return;
    }
    const reply = this.#answer(request);
    if (!isPromise(reply)) {
      this.#sendQueue.write(reply);
      return;
    }
    const dataBytes = this.#bytesOf(request);
    this.#inFlight++;
    this.#bytesInFlight += dataBytes;
    reply.then((reply) => {
      this.#ready.push({ reply, dataBytes });
      this.#sending ??= setImmediate(() => this.#sendReady());
    });
  }

  #bytesOf(request: Request): number {
    if (request.kind === "read" || request.kind === "write") return request.length;
    return request.kind === "cache" ? this.#dispatch.exported.cacheBytes(request.length) : 0;
  }

  #sendReady(): void {
    this.#sending = undefined;
    for (const { reply, dataBytes } of this.#ready) {
      this.#inFlight--;
      this.#bytesInFlight -= dataBytes;
      this.#sendQueue.write(reply);
    }
    this.#ready = [];
    this.#events.progressed();
    if (this.#closing && this.#inFlight === 0) this.#idle();
    else this.#pump();
  }

  #idle(): void {
    this.#sendQueue.flush();
    this.#events.idle();
  }

  #answer(request: Request): ReturnType<typeof dispatch> {
    const gate = this.#limits.gate;
    return gate === undefined ? dispatch(request, this.#dispatch) : this.#answerAlone(request, gate);
  }

  async #answerAlone(request: Request, gate: Gate): Promise<Buffer> {
    await gate.enter();
    try {
      return await dispatch(request, this.#dispatch);
    } finally {
      gate.leave();
    }
  }
}
