import type { Chain } from "../chain/chain.ts";
import { Placement } from "../connection/migration/placement.ts";
import { Session } from "../connection/session.ts";
import type { SessionSetup } from "../connection/setup.ts";
import { deferred } from "../core/deferred.ts";
import { Gate } from "../core/gate.ts";
import { namedLog } from "../core/log.ts";
import { native } from "../native/load.ts";
import type { Transport } from "../transport/transport.ts";
import type { Keeper } from "./keeper.ts";
import { listen } from "./listen.ts";
import type { Endpoint, Listener } from "./listener.ts";
import type { ConnectedClient, ConnectionWatcher, ServerOptions } from "./server-options.ts";
import { endsOrStalls } from "./stall.ts";
import type { ServerTls } from "./tls.ts";
import { serverUri } from "./uri.ts";

/** What a server consists of, besides its listener. */
export interface ServerParts {
  /** The plugin and the filters, ready. */
  readonly chain: Chain;
  readonly options: ServerOptions;
  /** Made from the TLS options. */
  readonly tls: ServerTls;
  /** Removes a private directory if this process is killed. */
  readonly keeper: Keeper | undefined;
  readonly watcher: ConnectionWatcher | undefined;
}

/**
 * A chain of plugin and filters behind a listener: the part of a server that is independent of the process
 * around it.
 */
export class Server {
  /** Resolves when the only possible client (on standard input) has disconnected. */
  readonly finished: Promise<void>;
  readonly tls: ServerTls;
  readonly #listener: Listener;
  readonly #chain: Chain;
  readonly #options: ServerOptions;
  readonly #watcher: ConnectionWatcher | undefined;
  readonly #setup: Omit<SessionSetup, "log">;
  readonly #placement: Placement;
  readonly #sessions = new Set<Session>();
  #connections = 0;
  readonly #finished = deferred();
  /** Resolves when all connections have been cut off. */
  readonly #destroyed = deferred();
  #wasDestroyed = false;
  #isListening = true;

  private constructor(listener: Listener, { chain, options, tls, watcher }: ServerParts) {
    this.tls = tls;
    this.#listener = listener;
    this.#chain = chain;
    this.#options = options;
    this.#watcher = watcher;
    this.#placement = new Placement(options.busyPollUs, chain.progress, options.log);
    this.#setup = {
      chain,
      threads: options.threads,
      readOnly: options.readOnly,
      handshake: options.handshake,
      tls,
      placement: this.#placement,
      requestGate: new Gate(),
      connectionGate: new Gate(),
    };
    this.finished = this.#finished.promise;
  }

  /** Opens the listener; the kernel queues clients until `accept`. */
  static async listen(parts: ServerParts): Promise<Server> {
    return new Server(await listen(parts.options.listen, parts.keeper), parts);
  }

  get endpoint(): Endpoint {
    return this.#listener.endpoint;
  }

  /** What the server listens on, for the log. */
  get opened(): readonly string[] {
    return this.#listener.opened;
  }

  get exportName(): string {
    return this.#options.exportName;
  }

  /** The URI for clients on this machine; undefined when no other program can connect. */
  get uri(): string | undefined {
    return this.uriOf(this.exportName);
  }

  uriOf(exportName: string): string | undefined {
    return serverUri(this.endpoint, exportName, this.tls);
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
    if (!(await endsOrStalls(Promise.race([finished, this.#destroyed.promise]), this.#chain.progress))) {
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
    this.#destroyed.resolve();
  }

  #serve(transport: Transport): void {
    this.#connections++;
    const name = `${this.#chain.plugin.name}[${this.#connections}]`;
    if (this.#options.log.verbose) this.#options.log.debug("accepted connection");
    const log = namedLog(this.#options.log, name);
    const session = new Session(transport, { ...this.#setup, log });
    this.#sessions.add(session);
    const client: ConnectedClient = { number: this.#connections, peer: transport.peer };
    this.#watcher?.connected(client);
    void session.finished.then(() => {
      this.#sessions.delete(session);
      this.#chain.progress.made();
      this.#watcher?.disconnected(client);
      if (this.#options.listen.kind === "stdio") this.#finished.resolve();
    });
    void session.start();
  }
}
