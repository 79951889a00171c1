import { ConnectionContext } from "../chain/connection-context.ts";
import type { Client } from "../contract/plugin.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { optionBytesMax } from "../protocol/constants.ts";
import { HandshakeDriver } from "../protocol/conversation.ts";
import { serverHandshake } from "../protocol/server/handshake.ts";
import type { HandshakeHost, Negotiated } from "../protocol/server/host.ts";
import { oldstyleHandshake } from "../protocol/server/oldstyle.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import type { Part, Receiver, Transport } from "../transport/transport.ts";
import { clientOf, hasGone, isGone } from "./client.ts";
import { Complaints } from "./complaints.ts";
import type { Elsewhere, LoopThread } from "./loop-thread.ts";
import { asMoved, canMove, type Under } from "./moving.ts";
import { Opening } from "./opening.ts";
import type { Movable } from "./placement.ts";
import type { SessionSetup } from "./setup.ts";
import { Transmission } from "./transmission.ts";

/** Of a client in the handshake, which has nothing to send but options that it awaits the answers of. */
const handshakeBacklogMax = 2 * optionBytesMax;

/** One client, from its first byte to its last. */
export class Session implements Receiver, Movable {
  /** Settles when everything of this client has been released; it never rejects. */
  readonly finished: Promise<void>;
  readonly #setup: SessionSetup;
  #transport: Transport;
  readonly #log: Log;
  readonly #complaints: Complaints;
  readonly #gone = sharedAbort();
  #settle!: () => void;
  #handshake: HandshakeDriver<Negotiated | undefined> | undefined;
  #transmission: Transmission | undefined;
  #elsewhere: Elsewhere | undefined;
  readonly #opening: Opening;
  readonly #context: ConnectionContext;
  /** What another loop would have to go on with. */
  #moving: Under | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #holdsConnectionGate = false;
  #stopping = false;
  #isDisconnected = false;
  #released = false;
  #closed = false;

  constructor(transport: Transport, setup: SessionSetup) {
    this.#transport = transport;
    this.#setup = setup;
    this.#log = setup.log;
    this.#complaints = new Complaints(setup.log);
    this.#context = new ConnectionContext((line) => this.#log.debug(line));
    this.#opening = new Opening(setup.chain, this.#context, setup.readOnly, setup.log);
    this.finished = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Begins to serve the client. */
  async start(): Promise<void> {
    this.#transport.start(this);
    this.#transport.pause();
    try {
      await this.#opening.ask(() => this.#admit());
    } catch (error) {
      if (isGone(this.#gone.signal, error)) this.#log.debug(messageOf(error));
      else this.#log.error(`connection refused: ${messageOf(error)}`);
      this.#transport.destroy();
      return;
    }
    if (this.#gone.signal.aborted) return;
    this.#handshake = this.#greeting();
    this.#startDeadline();
    this.#transport.resume();
    this.#handshake.start();
  }

  /** Takes no further request, answers those in flight, then closes. */
  stop(): void {
    this.#stopping = true;
    if (this.#elsewhere !== undefined) this.#elsewhere.close();
    else if (this.#transmission === undefined) this.#transport.destroy();
    else this.#transmission.close();
  }

  /** Closes without answering. */
  destroy(): void {
    if (this.#elsewhere !== undefined) this.#elsewhere.destroy();
    else this.#transport.destroy();
  }

  moveTo(loop: LoopThread): void {
    this.#transmission!.leave((rest) => {
      this.#elsewhere = loop.carry(asMoved(this.#moving!, rest), this.#log, () => {
        this.#transmission = undefined;
        this.closed();
      });
    });
  }

  received(bytes: Buffer): void {
    if (this.#transmission !== undefined) {
      this.#transmission.received(bytes);
      return;
    }
    this.#handshake?.receive(this.#transport.lends ? Buffer.from(bytes) : bytes);
    // Nothing waits for an answer, so this much comes only while the plugin is slow.
    if ((this.#handshake?.pendingBytes ?? 0) > handshakeBacklogMax) this.#transport.pause();
  }

  ended(): void {
    if (this.#transmission !== undefined) this.#transmission.ended();
    else this.#transport.end();
  }

  missing(): Part | undefined {
    return this.#transmission?.missing();
  }

  filled(bytes: number): void {
    this.#transmission!.filled(bytes);
  }

  taken(): void {
    this.#setup.chain.progress.made();
  }

  drained(): void {
    this.#transmission?.drained();
  }

  closed(error?: Error): void {
    this.#closed = true;
    this.#setup.placement?.remove(this);
    clearTimeout(this.#deadline);
    if (error !== undefined) this.#log.debug(`connection lost: ${messageOf(error)}`);
    hasGone(this.#gone);
    // Requests in flight still use the export; it is released after the last of them.
    if (this.#transmission === undefined || this.#released) void this.#release();
    else this.#transmission.close();
  }

  async #admit(): Promise<void> {
    const { chain, connectionGate } = this.#setup;
    if (chain.threadModel === "serialize_connections") {
      await connectionGate.enter();
      this.#holdsConnectionGate = true;
    }
    if (!this.#gone.signal.aborted) await chain.preconnect(this.#client(), this.#context);
  }

  #greeting(): HandshakeDriver<Negotiated | undefined> {
    const greet = this.#setup.handshake.style === "oldstyle" ? oldstyleHandshake : serverHandshake;
    return new HandshakeDriver<Negotiated | undefined>(greet(this.#handshakeHost()), {
      send: (bytes) => {
        this.#transport.write(bytes);
        // Whoever was made to wait while the plugin was asked may go on.
        this.#transport.resume();
      },
      startTls: () => this.#startTls(),
      done: (negotiated, rest) => this.#handshakeDone(negotiated, rest),
      failed: (error) => this.#breakOff(error),
    });
  }

  async #startTls(): Promise<void> {
    // What comes while the plugin closes is for TLS to judge, whether it is the client's hello or slipped in by somebody.
    this.#transport.pause();
    // What was opened in clear was opened for a client that nobody knew.
    await this.#opening.close();
    try {
      this.#transport = await this.#transport.startTls(this.#setup.tls.upgrade!);
    } catch (error) {
      // Said here, since the connection is over already and whatever else is left of it makes no sense.
      this.#complaints.add(error);
      throw error;
    }
  }

  #startDeadline(): void {
    const { timeoutMs } = this.#setup.handshake;
    if (timeoutMs === 0) return;
    const tooLate = (): void =>
      this.#breakOff(new NbdError("ETIMEDOUT", "the client took too long to choose an export"));
    this.#deadline = setTimeout(tooLate, timeoutMs);
  }

  #client(): Client {
    return clientOf(this.#transport.peer, this.#setup.readOnly, this.#gone.signal, (force) =>
      force ? this.destroy() : this.#disconnect(),
    );
  }

  /** The client keeps its connection, in which it hears that it is not served any more. */
  #disconnect(): void {
    this.#isDisconnected = true;
    this.#setup.placement?.remove(this);
    this.#transmission?.disconnect();
  }

  #handshakeHost(): HandshakeHost {
    const log = this.#log;
    return {
      tls: this.#setup.tls.mode,
      offers: this.#setup.handshake,
      listExports: () => this.#ask(() => this.#setup.chain.listExports(this.#client(), this.#context)),
      open: (name) => this.#ask(() => this.#opening.open(name, this.#client())),
      debug: (message) => log.verbose && log.debug(message()),
    };
  }

  /** Has the plugin answer a question of the client. Both that client and our log hear of a failure. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    this.#gone.signal.throwIfAborted();
    try {
      return await this.#opening.ask(question);
    } catch (error) {
      if (isGone(this.#gone.signal, error)) this.#log.debug(messageOf(error));
      else this.#complaints.add(error);
      throw error;
    }
  }

  #handshakeDone(negotiated: Negotiated | undefined, rest: Buffer): void {
    clearTimeout(this.#deadline);
    // Idle connections are many; what the handshake needed is not needed any more.
    this.#handshake = undefined;
    this.#deadline = undefined;
    const { exported } = this.#opening;
    if (negotiated === undefined || exported === undefined || this.#stopping || this.#gone.signal.aborted) {
      this.#transport.end();
      return;
    }
    const { chain, threads, requestGate } = this.#setup;
    const model = chain.threadModel;
    if (this.#log.verbose) {
      const how = model === "parallel" ? `with ${threads} threads` : "serially";
      this.#log.debug(`handshake complete, processing requests ${how}`);
    }
    this.#transmission = new Transmission(
      this.#transport,
      {
        exported,
        ...negotiated,
        log: this.#log,
        gone: this.#gone.signal,
      },
      {
        requestsInFlight: model === "parallel" ? threads : 1,
        ...(model === "serialize_all_requests" ? { gate: requestGate } : {}),
      },
      {
        left: () => hasGone(this.#gone),
        answered: () => chain.progress.made(),
        idle: () => this.#transmissionIdle(),
        broken: (error) => this.#breakOff(error),
      },
    );
    if (this.#isDisconnected) this.#transmission.disconnect();
    this.#transmission.received(rest);
    this.#moving = { setup: this.#setup, transport: this.#transport, exported, negotiated };
    if (!this.#isDisconnected && canMove(this.#moving)) this.#setup.placement?.add(this);
  }

  /** The client sees the end of the connection when everything of it is closed, and so all that closing had to write. */
  #transmissionIdle(): void {
    void this.#release().then(() => this.#transport.end());
  }

  #breakOff(error: unknown): void {
    // What a client that has gone has left behind need not make sense.
    if (!this.#closed) this.#complaints.add(error);
    this.#transport.destroy();
  }

  async #release(): Promise<void> {
    await this.#opening.release();
    if (this.#holdsConnectionGate) {
      this.#holdsConnectionGate = false;
      this.#setup.connectionGate.leave();
    }
    this.#released = true;
    // Only when the last bytes have left too is the client really done.
    if (this.#closed) this.#settle();
  }
}
