import type { Gate } from "../core/gate.ts";
import { isPromise } from "../core/maybe-promise.ts";
import type { Request } from "../protocol/request.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import type { SendQueue } from "../transport/send-queue.ts";
import { StreamSendQueue } from "../transport/stream-send-queue.ts";
import type { Part, Transport } from "../transport/transport.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";
import { FastPath } from "./fast-path.ts";

export interface TransmissionLimits {
  /** Requests of this connection that are worked on at once. */
  readonly requestsInFlight: number;
  /** Held by one request of the whole server at a time, where the thread model asks for it. */
  readonly gate?: Gate;
}

/** Data of unfinished reads and writes of one connection; only the request that goes over it may be larger. */
const bytesInFlightMax = 16 * 1024 * 1024;

/**
 * What is received of requests that have to wait. Only who goes on receiving hears that a client has gone, and this is
 * more than clients send before they wait for an answer, unless they write.
 */
const aheadBytesMax = 64 * 1024;

/** How a transmission tells how it gets on, and that it is over. */
export interface TransmissionEvents {
  /** The client has gone without a goodbye: nobody waits for the answers any more. */
  left(): void;
  /** The answers of some requests have come that had to be waited for. */
  answered(): void;
  /** Called once: no request comes any more and all have been answered. */
  idle(): void;
  /** The client broke the protocol; what follows in its stream means nothing. */
  broken(error: unknown): void;
}

/** Takes requests from one client and sends the answers, until it leaves or the server stops. */
export class Transmission {
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
  /** Taken to be so at first: the handshake may have ended in the middle of a flood. */
  #paused = true;
  #pumping = false;
  /** Replies that became ready in this turn of the loop, which leave together at its end. */
  #ready: { readonly reply: Buffer; readonly dataBytes: number }[] = [];
  #sending: NodeJS.Immediate | undefined;
  #leave: ((rest: Buffer) => void) | undefined;

  constructor(transport: Transport, to: Dispatch, limits: TransmissionLimits, events: TransmissionEvents) {
    this.#transport = transport;
    this.#sendQueue = transport.sendQueue ?? new StreamSendQueue(transport);
    this.#dispatch = to;
    this.#limits = limits;
    this.#events = events;
    this.#parser = new RequestParser(to.replyForm === "extended");
    // Where requests have to wait for each other, none may overtake.
    const parallel = limits.gate === undefined && limits.requestsInFlight > 1;
    this.#fastPath = parallel ? new FastPath(this.#parser, this.#sendQueue, to) : undefined;
  }

  received(bytes: Buffer): void {
    // What comes after the end is nobody's request, and would only pile up.
    if (this.#closing) return;
    this.#parser.push(bytes);
    this.#pump();
    if (this.#transport.lends) this.#parser.keep();
  }

  missing(): Part | undefined {
    return this.#closing ? undefined : this.#parser.missing();
  }

  filled(bytes: number): void {
    this.#parser.filled(bytes);
  }

  /** The client took what it had left lying, so that there is room for more answers. */
  drained(): void {
    this.#pump();
  }

  /** The client sends no more; what it has sent is still worked on. */
  ended(): void {
    this.#peerEnded = true;
    if (!this.#closing && !this.#parser.endsWithDisconnect) this.#events.left();
    this.#pump();
  }

  /** Takes no further request; those in flight are answered. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#parser.idle) this.#dispatch.log.debug("the connection ends in the middle of a request");
    if (this.#inFlight === 0) this.#idle();
  }

  /** Refuses all requests that come from now on; those in flight are answered. */
  disconnect(): void {
    this.#leave = undefined;
    this.#fastPath = undefined;
    this.#dispatch = { ...this.#dispatch, isDisconnected: true };
  }

  /** Stops, as soon as nothing is under way, with the bytes that no request has used; whoever takes them goes on. */
  leave(left: (rest: Buffer) => void): void {
    this.#leave = left;
    if (!this.#pumping) this.#leaveIfQuiet();
  }

  #leaveIfQuiet(): void {
    if (this.#leave === undefined || this.#closing || this.#peerEnded || this.#isBusy()) return;
    const rest = this.#parser.rest();
    if (rest === undefined) return;
    this.#closing = true;
    this.#leave(rest);
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
        // Nobody will tell that there is room again if it is this that makes it.
        this.#sendQueue.flush();
      } while (wasFull && !this.#isFull());
    } catch (error) {
      this.#events.broken(error);
      this.close();
    } finally {
      this.#pumping = false;
    }
    // A client that does not take its replies shows it when it goes, by what is sent to it.
    const isAhead = this.#sendQueue.isFull || this.#parser.heldBytes >= aheadBytesMax;
    this.#setPaused(this.#isFull() && isAhead);
    this.#leaveIfQuiet();
  }

  /** @returns false when there is nothing more to take */
  #takeOne(): boolean {
    if (this.#closing) return false;
    if (this.#fastPath?.answer()) return true;
    const request = this.#parser.next();
    if (request !== undefined) this.#begin(request);
    else if (this.#peerEnded) this.#leaves("client closed input socket, closing connection");
    return request !== undefined;
  }

  #leaves(how: string): void {
    if (this.#dispatch.log.verbose) this.#dispatch.log.debug(how);
    this.close();
  }

  /** Answering further would only pile up work or bytes: let the client wait instead. */
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
      this.#leaves("client sent NBD_CMD_DISC, closing connection");
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
    this.#events.answered();
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
