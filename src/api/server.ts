import { EventEmitter } from "node:events";
import type { Chain } from "../chain/chain.ts";
import { disposeBy } from "../core/dispose.ts";
import { isError, messageOf, NbdError } from "../core/errors.ts";
import type { Endpoint } from "../server/listener.ts";
import { Server } from "../server/server.ts";
import type { ConnectedClient, ServerOptions } from "../server/server-options.ts";
import type { ServerTls } from "../server/tls.ts";
import { serverUri } from "../server/uri.ts";

/** Server options of a program. */
export interface NbdServerOptions extends ServerOptions {
  readonly exportName: string;
  /** Aborted by the user's `signal` or by the plugin. */
  readonly stop: AbortSignal;
}

/** Events of an `NbdServer`, with their arguments. */
export interface ServerEvents {
  /** A client has connected. */
  connection: [client: ConnectedClient];
  /** A client has disconnected. */
  disconnection: [client: ConnectedClient];
  /** The server has ended, and the plugin has cleaned up. */
  close: [];
}

/** A running server in this process, started by `serve`. */
export class NbdServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  /** Closes the server at the end of an `await using` scope, as `close` does. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(NbdServer, (server) => server.close());
  }

  /** Where clients can connect: the path of a Unix socket, or the host and the actual port. */
  readonly address: Endpoint;
  /** Resolves when the server has ended for any reason, and the plugin has cleaned up. Never rejects. */
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

  /** Call `serve` instead. The chain has been configured. */
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
    // Close in a microtask, so that the request in which the plugin calls shutdown() still gets its reply.
    stop.addEventListener("abort", () => queueMicrotask(() => void started.close()));
    void server.finished.then(() => started.close());
    return started;
  }

  /**
   * The NBD URI for clients on this machine.
   * @throws NbdError ENOTSUP on standard input, which has no address
   */
  get uri(): string {
    return this.uriOf(this.#exportName);
  }

  /** The NBD URI of another export. @throws NbdError ENOTSUP on standard input, which has no address */
  uriOf(exportName: string): string {
    const uri = serverUri(this.address, exportName, this.#tls);
    if (uri !== undefined) return uri;
    throw new NbdError("ENOTSUP", "a server on standard input has no URI: its client is connected already");
  }

  /** The number of clients that are connected now. */
  get connections(): number {
    return this.#server.connections;
  }

  /** TLS mode and key paths, for the variables of a captive command. */
  get tls(): ServerTls {
    return this.#tls;
  }

  /**
   * Stops accepting clients and requests, answers requests in flight, closes every connection, and lets the
   * plugin clean up. Clients are cut off after 5 seconds without progress; the clean-up has no time limit.
   * Never rejects.
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

  /** Cuts off all connections, then closes the server. Never rejects. */
  async destroy(): Promise<void> {
    this.#server.destroy();
    await this.close();
  }
}

/** Cleans up and unloads filters and plugin, after a failed start too. */
async function end(chain: Chain): Promise<void> {
  await chain.cleanup();
  await chain.unload();
}

/** Waits for a step of the plugin, but rejects at once when `stop` is aborted. */
async function orAborted(step: Promise<void>, stop: AbortSignal): Promise<void> {
  if (!stop.aborted) {
    const aborted = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
    await Promise.race([step, aborted]);
  }
  if (stop.aborted)
    throw isError(stop.reason) ? stop.reason : new NbdError("ECANCELED", messageOf(stop.reason));
}
