import type { Chain } from "../chain/chain.ts";
import { Placement } from "../connection/migration/placement.ts";
import { Session } from "../connection/session.ts";
import type { SessionSetup } from "../connection/setup.ts";
import { Gate } from "../core/gate.ts";
import { namedLog } from "../core/log.ts";
import { native } from "../native/load.ts";
import type { Transport } from "../transport/transport.ts";
import { listen } from "./listen.ts";
import type { Endpoint, Listener } from "./listener.ts";
import { endsOrStalls } from "./patience.ts";
import type { ConnectedClient, ServerOptions } from "./server-options.ts";

/**
 * A chain of plugin and filters behind a listener: the part of a server that is independent of the process
 * around it.
 */
export class Server {
  /** Resolves when the only possible client (on standard input) has disconnected. */
  readonly finished: Promise<void>;
  readonly #listener: Listener;
  readonly #chain: Chain;
  readonly #options: ServerOptions;
  readonly #setup: Omit<SessionSetup, "log">;
  readonly #placement: Placement;
  readonly #sessions = new Set<Session>();
  #connections = 0;
  #finish!: () => void;
  /** Resolves when all connections have been cut off. */
  readonly #destroyed: Promise<void>;
  #setDestroyed!: () => void;
  #wasDestroyed = false;
  #isListening = true;

  private constructor(listener: Listener, chain: Chain, options: ServerOptions) {
    this.#listener = listener;
    this.#chain = chain;
    this.#options = options;
    this.#placement = new Placement(options.busyPollUs, chain.progress, options.log);
    this.#setup = {
      chain,
      threads: options.threads,
      readOnly: options.readOnly,
      handshake: options.handshake,
      tls: options.tls,
      placement: this.#placement,
      requestGate: new Gate(),
      connectionGate: new Gate(),
    };
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#destroyed = new Promise((resolve) => {
      this.#setDestroyed = resolve;
    });
  }

  /** Opens the listener; the kernel queues clients until `accept`. */
  static async listen(chain: Chain, options: ServerOptions): Promise<Server> {
    return new Server(await listen(options.listen, options.keeper), chain, options);
  }

  get endpoint(): Endpoint {
    return this.#listener.endpoint;
  }

  /** The number of clients that are connected now. */
  get connections(): number {
    return this.#sessions.size;
  }

  accept(): void {
    if (this.#options.busyPollUs > 0) native().setBusyPoll(this.#options.busyPollUs);
    this.#listener.accept(this.#options.keepalive, (transport) => this.#serve(transport));
  }

  /** Stops accepting clients, and removes our sockets and directories. Further calls do nothing. */
  unlisten(): void {
    if (!this.#isListening) return;
    // Set the flag first: another server may take the path from here on.
    this.#isListening = false;
    this.#listener.close();
  }

  /**
   * Stops accepting clients and requests, answers requests in flight, and closes every connection.
   * @returns false when a connection or a worker thread was cut off
   */
  async stop(): Promise<boolean> {
    this.unlisten();
    for (const session of this.#sessions) session.stop();
    this.#chain.stop();
    const finished = Promise.all([...this.#sessions].map((session) => session.finished));
    if (!(await endsOrStalls(Promise.race([finished, this.#destroyed]), this.#chain.progress))) {
      this.#options.log.error(`${this.#sessions.size} connections did not end in time and were cut off`);
      this.destroy();
    }
    const threadsEnded = await endsOrStalls(this.#placement.stop(), this.#chain.progress);
    return threadsEnded && !this.#wasDestroyed;
  }

  /** Cuts off all connections at once. */
  destroy(): void {
    this.unlisten();
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
    void this.#placement.stop();
    this.#wasDestroyed = true;
    this.#setDestroyed();
  }

  #serve(transport: Transport): void {
    this.#connections++;
    const name = `${this.#chain.plugin.name}[${this.#connections}]`;
    if (this.#options.log.verbose) this.#options.log.debug("accepted connection");
    const log = namedLog(this.#options.log, name);
    const session = new Session(transport, { ...this.#setup, log });
    this.#sessions.add(session);
    const client: ConnectedClient = { number: this.#connections, peer: transport.peer };
    this.#options.watcher?.connected(client);
    void session.finished.then(() => {
      this.#sessions.delete(session);
      this.#chain.progress.made();
      this.#options.watcher?.disconnected(client);
      if (this.#options.listen.kind === "stdio") this.#finish();
    });
    void session.start();
  }
}
