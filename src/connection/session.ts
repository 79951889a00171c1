// A session goes through these states: admission (the plugin may refuse the client), handshake, transmission,
// release. The transmission may migrate to a worker thread. A session is finished when the socket is closed
// and the plugin has closed the export; the two may happen in either order.
import { ConnectionContext } from "../chain/connection-context.ts";
import type { Client } from "../contract/plugin.ts";
import { must } from "../core/assert.ts";
import { deferred } from "../core/deferred.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { optionBytesMax } from "../protocol/constants.ts";
import { HandshakeDriver } from "../protocol/handshake-driver.ts";
import { serverHandshake } from "../protocol/server/handshake.ts";
import type { HandshakeHost, Negotiated } from "../protocol/server/host.ts";
import { oldstyleHandshake } from "../protocol/server/oldstyle.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import type { Receiver, Transport } from "../transport/transport.ts";
import { clientDisconnected, clientOf, isClientDisconnect } from "./client-info.ts";
import { ExportOpener } from "./export-opener.ts";
import { FailureLog } from "./failure-log.ts";
import { loggedUpgrade } from "./logged-upgrade.ts";
import { type ActiveConnection, canMigrate, toMigrated } from "./migration/migratable.ts";
import type { Migratable } from "./migration/placement.ts";
import type { WorkerConnection, WorkerThread } from "./migration/worker-thread.ts";
import type { SessionSetup } from "./setup.ts";
import { Transmission } from "./transmission.ts";

/**
 * Bytes. In the handshake, a client sends an option and waits for the reply, so it never has much
 * outstanding.
 */
const handshakeBacklogMax = 2 * optionBytesMax;

/**
 * Serves one client, from the first byte to the last. During the handshake, the session is the receiver of
 * the transport. After it, a {@link Transmission} is the receiver, and the session gets only the events of
 * the transmission.
 */
export class Session implements Receiver, Migratable {
  /** Resolves when all resources of this client have been released. It never rejects. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  readonly #setup: SessionSetup;
  #transport: Transport;
  readonly #log: Log;
  readonly #failures: FailureLog;
  readonly #gone = sharedAbort();
  readonly #finished = deferred();
  #handshake: HandshakeDriver<Negotiated | undefined> | undefined;
  #transmission: Transmission | undefined;
  #workerConnection: WorkerConnection | undefined;
  readonly #opener: ExportOpener;
  readonly #context: ConnectionContext;
  /** The state of the connection in the transmission phase, for a migration. */
  #active: ActiveConnection | undefined;
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
    this.#failures = new FailureLog(setup.log);
    this.#context = new ConnectionContext((line) => this.#log.debug(line));
    this.#opener = new ExportOpener(setup.chain, this.#context, setup.readOnly, setup.log);
  }

  /** Starts to serve the client. */
  async start(): Promise<void> {
    this.#transport.deliverTo(this);
    this.#transport.pause();
    try {
      await this.#opener.ask(() => this.#admit());
    } catch (error) {
      if (isClientDisconnect(this.#gone.signal, error)) this.#log.debug(messageOf(error));
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
    if (this.#workerConnection !== undefined) this.#workerConnection.close();
    else if (this.#transmission === undefined) this.#transport.destroy();
    else this.#transmission.close();
  }

  /** Closes without answering. */
  destroy(): void {
    if (this.#workerConnection !== undefined) this.#workerConnection.destroy();
    else this.#transport.destroy();
  }

  migrateTo(thread: WorkerThread): void {
    this.#transmission?.detach((rest) => {
      this.#workerConnection = thread.migrate(toMigrated(must(this.#active), rest), this.#log, () => {
        this.#transmission = undefined;
        this.closed();
      });
    });
  }

  received(bytes: Buffer): void {
    this.#handshake?.receive(this.#transport.reusesReceiveBuffer ? Buffer.from(bytes) : bytes);
    // The client sends more than it may without waiting for replies while the plugin is still opening.
    if ((this.#handshake?.pendingBytes ?? 0) > handshakeBacklogMax) this.#transport.pause();
  }

  ended(): void {
    this.#transport.end();
  }

  taken(): void {
    this.#setup.chain.progress.made();
  }

  drained(): void {}

  /** The connection is closed, in any phase. */
  closed(error?: Error): void {
    this.#closed = true;
    this.#setup.placement?.remove(this);
    clearTimeout(this.#deadline);
    if (error !== undefined) this.#log.debug(`connection lost: ${messageOf(error)}`);
    clientDisconnected(this.#gone);
    // Requests in flight still use the export. It is released after the last of them.
    if (this.#transmission === undefined || this.#released) void this.#release();
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
        this.#transport.sendQueue.write(bytes);
        this.#transport.sendQueue.flush();
        // `received` pauses the transport when too much arrives while the plugin is busy. Resume it now.
        this.#transport.resume();
      },
      startTls: () => this.#startTls(),
      done: (negotiated, rest) => this.#handshakeDone(negotiated, rest),
      failed: (error) => this.#breakOff(error),
    });
  }

  async #startTls(): Promise<void> {
    // Bytes that arrive while the plugin closes must go to TLS: they are the ClientHello, or were injected.
    this.#transport.pause();
    // An export that was opened before TLS was opened for an unauthenticated client. Close it.
    await this.#opener.close();
    try {
      this.#transport = await this.#transport.startTls(loggedUpgrade(this.#setup.tls, this.#log));
    } catch (error) {
      // Log the failure here: the connection is closed, so later errors of the session are only consequences.
      this.#failures.add(error);
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

  /**
   * Refuses all further requests. The connection stays open, so that the client receives the error replies.
   */
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
      open: (name) => this.#ask(() => this.#opener.open(name, this.#client())),
      debug: (message) => log.verbose && log.debug(message()),
    };
  }

  /** Calls the plugin for the client. A failure is logged and also sent to the client. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    this.#gone.signal.throwIfAborted();
    try {
      return await this.#opener.ask(question);
    } catch (error) {
      if (isClientDisconnect(this.#gone.signal, error)) this.#log.debug(messageOf(error));
      else this.#failures.add(error);
      throw error;
    }
  }

  #handshakeDone(negotiated: Negotiated | undefined, rest: Buffer): void {
    clearTimeout(this.#deadline);
    // Free the handshake state: a server may have many idle connections.
    this.#handshake = undefined;
    this.#deadline = undefined;
    const { exported } = this.#opener;
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
        disconnected: () => clientDisconnected(this.#gone),
        progressed: () => chain.progress.made(),
        idle: () => this.#transmissionIdle(),
        broken: (error) => this.#breakOff(error),
        closed: (error) => this.closed(error),
      },
    );
    if (this.#isDisconnected) this.#transmission.disconnect();
    this.#transmission.start(rest);
    this.#active = { setup: this.#setup, transport: this.#transport, exported, negotiated };
    if (!this.#isDisconnected && canMigrate(this.#active)) this.#setup.placement?.add(this);
  }

  /**
   * Closes the export first and the connection last. When the client sees EOF, everything that closing writes
   * is written.
   */
  #transmissionIdle(): void {
    void this.#release().then(() => this.#transport.end());
  }

  #breakOff(error: unknown): void {
    // Errors in the bytes of a client that has already disconnected are not logged.
    if (!this.#closed) this.#failures.add(error);
    this.#transport.destroy();
  }

  async #release(): Promise<void> {
    await this.#opener.release();
    if (this.#holdsConnectionGate) {
      this.#holdsConnectionGate = false;
      this.#setup.connectionGate.leave();
    }
    this.#released = true;
    // The session is finished only when the last bytes have been sent too.
    if (this.#closed) this.#finished.resolve();
  }
}
