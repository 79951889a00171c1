import { listExports } from "../../client/index.ts";
import type { ExportItem, Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import { repeat } from "../../kit/repeat.ts";
import { sleep } from "../../kit/sleep.ts";
import type { Connection } from "./connection.ts";
import { Dialer } from "./dialer.ts";
import type { Settings } from "./settings.ts";

/** The delay between two attempts to connect, in ms (nbdkit-nbd-plugin(1), "retry"). */
const retryDelayMs = 1000;

/**
 * On disconnect, the time in ms that the remote server has to answer pending requests. Then the socket is
 * destroyed.
 */
const closeTimeoutMs = 1000;

/** The remote server and the connections to it. */
export class Remote {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #dialer: Dialer;
  readonly #connections = new Set<Connection>();
  #shared: Promise<Connection> | undefined;

  constructor(settings: Settings, host: Host) {
    this.#settings = settings;
    this.#host = host;
    this.#dialer = new Dialer(settings);
  }

  /** Makes the shared connection, so that a failure to connect ends the server at the start. */
  async start(): Promise<void> {
    if (this.#settings.shared) await this.#sharedConnection();
  }

  /**
   * Returns a connection for a client.
   * @param asked the export name that the client sent
   * @param gone aborted when the client disconnects
   */
  async open(asked: string, gone: AbortSignal): Promise<Connection> {
    const { shared, exportName = asked } = this.#settings;
    return shared ? this.#sharedConnection() : this.#connect(exportName, gone);
  }

  /** Ends the use of a connection by a client. A shared connection stays open. */
  async release(connection: Connection): Promise<void> {
    if (!this.#settings.shared) await disconnect(connection);
  }

  async defaultExport(gone: AbortSignal): Promise<string> {
    if (this.#settings.exportName !== undefined) return this.#settings.exportName;
    try {
      const connection = await this.#connect("", gone);
      await disconnect(connection);
      return connection.client.exportName;
    } catch (error) {
      // Not an error: a remote server without a default export may still list other exports.
      this.#debug(`no default export: ${messageOf(error)}`);
      return "";
    }
  }

  async listExports(signal: AbortSignal): Promise<readonly ExportItem[]> {
    const { place, exportName, connectOptions } = this.#settings;
    if (exportName !== undefined || place.kind !== "address") return [{ name: exportName ?? "" }];
    const { exports } = await listExports(place.address, { ...connectOptions, signal });
    return exports.map(({ name, description }) => ({
      name,
      ...(description !== undefined && { description }),
    }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections].map(disconnect));
  }

  /** Returns the shared connection. After a connection is lost, the next client makes a new one. */
  #sharedConnection(): Promise<Connection> {
    if (this.#shared !== undefined) return this.#shared;
    const connecting = this.#connect(this.#settings.exportName ?? "", this.#host.stopping);
    const forget = (): void => {
      this.#shared = undefined;
    };
    connecting.then(({ client }) => client.closed).then(forget, forget);
    this.#shared = connecting;
    return connecting;
  }

  async #connect(exportName: string, signal: AbortSignal): Promise<Connection> {
    const connection = await repeat(
      () => this.#dialer.dial(exportName, signal),
      async (error, failures) => {
        if (failures > this.#settings.retries) throw error;
        this.#debug(`connect failed, retrying: ${messageOf(error)}`);
        await sleep(retryDelayMs, signal, this.#host.stopping);
      },
    );
    this.#connections.add(connection);
    void connection.finished.then(() => this.#connections.delete(connection));
    if (this.#host.debugFlag("verbose") > 0) this.#describe(connection);
    return connection;
  }

  #describe({ client }: Connection): void {
    const { uri, handshake, replyForm, contexts } = client;
    this.#debug(
      `connected to ${uri}: ${handshake} handshake, ${replyForm} replies, contexts: ${contexts.join()}`,
    );
    void client.closed.then((reason) => this.#debug(reason?.message ?? `disconnected from ${uri}`));
  }

  #debug(message: string): void {
    if (this.#host.verbose) this.#host.debug(message);
  }
}

/** Disconnects from the remote server with NBD_CMD_DISC, and waits until the connection is closed. */
async function disconnect({ client, finished }: Connection): Promise<void> {
  const timer = setTimeout(() => client.destroy(), closeTimeoutMs);
  await client.close();
  clearTimeout(timer);
  await finished;
}
