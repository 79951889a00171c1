import type { Gate } from "../core/gate.ts";
import { isPromise } from "../core/maybe-promise.ts";
import type { Request } from "../protocol/request.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import { backlogBytesMax, type Transport } from "../transport/transport.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";

export interface TransmissionLimits {
  /** Requests of this connection that are worked on at once. */
  readonly requestsInFlight: number;
  /** Held by one request of the whole server at a time, where the thread model asks for it. */
  readonly gate?: Gate;
}

/** Data of unfinished reads and writes of one connection; only the request that goes over it may be larger. */
const bytesInFlightMax = 16 * 1024 * 1024;

/** How a transmission tells that it is over. */
export interface TransmissionEnd {
  /** Called once: no request comes any more and all have been answered. */
  idle(): void;
  /** The client broke the protocol; what follows in its stream means nothing. */
  broken(error: unknown): void;
}

/** Takes requests from one client and sends the answers, until it leaves or the server stops. */
export class Transmission {
  readonly #transport: Transport;
  readonly #parser: RequestParser;
  readonly #dispatch: Dispatch;
  readonly #limits: TransmissionLimits;
  readonly #end: TransmissionEnd;
  #inFlight = 0;
  #bytesInFlight = 0;
  #peerEnded = false;
  #closing = false;
  /** Taken to be so at first: the handshake may have ended in the middle of a flood. */
  #paused = true;
  #pumping = false;

  constructor(transport: Transport, to: Dispatch, limits: TransmissionLimits, end: TransmissionEnd) {
    this.#transport = transport;
    this.#dispatch = to;
    this.#limits = limits;
    this.#end = end;
    this.#parser = new RequestParser(to.replyForm === "extended");
  }

  received(bytes: Buffer): void {
    // What comes after the end is nobody's request, and would only pile up.
    if (this.#closing) return;
    this.#parser.push(bytes);
    this.#pump();
  }

  /** The client took what it had left lying, so that there is room for more answers. */
  drained(): void {
    this.#pump();
  }

  /** The client sends no more; what it has sent is still worked on. */
  ended(): void {
    this.#peerEnded = true;
    this.#pump();
  }

  /** Takes no further request; those in flight are answered. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#parser.idle) this.#dispatch.log.debug("the connection ends in the middle of a request");
    if (this.#inFlight === 0) this.#end.idle();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#closing) {
        if (this.#isFull()) break;
        const request = this.#parser.next();
        if (request === undefined) {
          if (this.#peerEnded) this.close();
          break;
        }
        this.#begin(request);
      }
    } catch (error) {
      this.#end.broken(error);
      this.close();
    } finally {
      this.#pumping = false;
    }
    this.#setPaused(this.#isFull());
  }

  /** Answering further would only pile up work or bytes: let the client wait instead. */
  #isFull(): boolean {
    return (
      this.#inFlight >= this.#limits.requestsInFlight ||
      this.#bytesInFlight > bytesInFlightMax ||
      this.#transport.backlogBytes > backlogBytesMax
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
      this.close();
      return;
    }
    const reply = this.#answer(request);
    if (!isPromise(reply)) {
      this.#transport.write(reply);
      return;
    }
    const dataBytes = request.kind === "read" || request.kind === "write" ? request.length : 0;
    this.#inFlight++;
    this.#bytesInFlight += dataBytes;
    reply.then((bytes) => {
      this.#transport.write(bytes);
      this.#inFlight--;
      this.#bytesInFlight -= dataBytes;
      if (this.#closing && this.#inFlight === 0) this.#end.idle();
      else this.#pump();
    });
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
