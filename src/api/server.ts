import { EventEmitter } from "node:events";
import type { Chain } from "../chain/chain.ts";
import { disposeBy } from "../core/dispose.ts";
import { isError, messageOf, NbdError } from "../core/errors.ts";
import type { Endpoint } from "../server/listener.ts";
import type { ConnectedClient, ServerOptions } from "../server/options.ts";
import { Server } from "../server/server.ts";
import type { ServerTls } from "../server/tls.ts";
import { serverUri } from "../server/uri.ts";

/** How the server is to run; `stop` is every wish to end it. */
export interface NbdServerOptions extends ServerOptions {
  readonly exportName: string;
  readonly stop: AbortSignal;
}

/** `connection` and `disconnection` tell of clients, `close` of the end. */
export interface ServerEvents {
  connection: [client: ConnectedClient];
  disconnection: [client: ConnectedClient];
  close: [];
}

/** A server in this process; see `serve`. */
export class NbdServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  /** `await using` calls it at the end of the scope: as `close`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(NbdServer, (server) => server.close());
  }

  /** Where clients can connect: a Unix socket, or a host and the port that it really has. */
  readonly address: Endpoint;
  /** Resolves when the server has ended, whoever ended it, and the plugin has cleaned up. */
  readonly closed: Promise<void>;
  readonly #chain: Chain;
  readonly #server: Server;
  readonly #exportName: string;
  readonly #tls: ServerTls;
  #settle!: () => void;
  #closing = false;

  private constructor(chain: Chain, server: Server, options: NbdServerOptions) {
    super();
    this.#chain = chain;
    this.#server = server;
    this.#exportName = options.exportName;
    this.#tls = options.tls;
    this.address = server.endpoint;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Use `serve`. The chain has been configured. */
  static async start(chain: Chain, options: NbdServerOptions): Promise<NbdServer> {
    const { stop } = options;
    let started: NbdServer | undefined;
    let server: Server | undefined;
    const watcher = {
      connected: (client: ConnectedClient): void => void started!.emit("connection", client),
      disconnected: (client: ConnectedClient): void => void started!.emit("disconnection", client),
    };
    try {
      await orAborted(chain.getReady(), stop);
      server = await Server.listen(chain, { ...options, watcher });
      await orAborted(chain.afterFork(), stop);
    } catch (error) {
      await server?.stop();
      await end(chain);
      throw error;
    }
    started = new NbdServer(chain, server, options);
    server.accept();
    // A turn later, so that the request in which a plugin wishes for it is answered as well.
    stop.addEventListener("abort", () => queueMicrotask(() => void started.close()));
    void server.finished.then(() => started.close());
    return started;
  }

  /** For a client on this machine. @throws NbdError ENOTSUP on standard input, where nobody can connect */
  get uri(): string {
    return this.uriOf(this.#exportName);
  }

  /** The same for another export. */
  uriOf(exportName: string): string {
    const uri = serverUri(this.address, exportName, this.#tls);
    if (uri !== undefined) return uri;
    throw new NbdError("ENOTSUP", "a server on standard input has no URI: its client is connected already");
  }

  /** Clients that are connected now. */
  get connections(): number {
    return this.#server.connections;
  }

  /** What variables for a captive command need. */
  get tls(): ServerTls {
    return this.#tls;
  }

  /**
   * Takes no new client and no new request, answers what is in flight, closes every connection, and has the plugin clean
   * up. Clients are cut off when there is no progress for 5 seconds; clean-up is waited for. Never rejects.
   */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      await this.#server.stop();
      await end(this.#chain);
      this.#settle();
      this.emit("close");
    }
    await this.closed;
  }

  /** Cuts every connection off, then closes. */
  async destroy(): Promise<void> {
    this.#server.destroy();
    await this.close();
  }
}

/** From the chain's point of view the server never was, or is no more. */
async function end(chain: Chain): Promise<void> {
  await chain.cleanup();
  await chain.unload();
}

/** Nobody waits for a plugin that keeps us from ending. */
async function orAborted(step: Promise<void>, stop: AbortSignal): Promise<void> {
  if (!stop.aborted) {
    const aborted = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
    await Promise.race([step, aborted]);
  }
  if (stop.aborted)
    throw isError(stop.reason) ? stop.reason : new NbdError("ECANCELED", messageOf(stop.reason));
}
