import { EventEmitter } from "node:events";
import { disposeBy } from "../core/dispose.ts";
import { NbdError } from "../core/errors.ts";
import type { EndRequest } from "../server/end-request.ts";
import type { Endpoint } from "../server/listener.ts";
import type { Server } from "../server/server.ts";
import type { ConnectedClient } from "../server/server-options.ts";
import type { ServerTls } from "../server/tls.ts";

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
  readonly #server: Server;
  readonly #end: EndRequest<"asked" | Error>;

  /**
   * Call `serve` instead.
   * @param life resolves when the server has ended
   */
  constructor(server: Server, end: EndRequest<"asked" | Error>, life: Promise<void>) {
    super();
    this.#server = server;
    this.#end = end;
    this.address = server.endpoint;
    this.closed = life;
    void life.then(() => this.emit("close"));
  }

  /**
   * The NBD URI for clients on this machine.
   * @throws NbdError ENOTSUP on standard input, which has no address
   */
  get uri(): string {
    return this.uriOf(this.#server.exportName);
  }

  /** The NBD URI of another export. @throws NbdError ENOTSUP on standard input, which has no address */
  uriOf(exportName: string): string {
    const uri = this.#server.uriOf(exportName);
    if (uri !== undefined) return uri;
    throw new NbdError("ENOTSUP", "a server on standard input has no URI: its client is connected already");
  }

  /** The number of clients that are connected now. */
  get connections(): number {
    return this.#server.connections;
  }

  /** TLS mode and key paths, for the variables of a captive command. */
  get tls(): ServerTls {
    return this.#server.tls;
  }

  /**
   * Stops accepting clients and requests, answers requests in flight, closes every connection, and lets the
   * plugin clean up. Clients are cut off after 5 seconds without progress; the clean-up has no time limit.
   * Never rejects.
   */
  async close(): Promise<void> {
    this.#end.ask("asked");
    await this.closed;
  }

  /** Cuts off all connections, then closes the server. Never rejects. */
  async destroy(): Promise<void> {
    this.#server.destroy();
    await this.close();
  }
}
