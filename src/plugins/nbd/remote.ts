import { listExports } from "../../client/index.ts";
import type { ExportItem, Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import { repeat } from "../../kit/repeat.ts";
import { sleep } from "../../kit/sleep.ts";
import type { Connection } from "./connection.ts";
import { Dialer } from "./dialer.ts";
import type { Settings } from "./settings.ts";

/** nbdkit-nbd-plugin(1), "retry". */
const retryDelayMs = 1000;

/** At the end, a far server that takes longer to answer what is under way is left without a word. */
const farewellMs = 1000;

/** The far server, and our connections to it. */
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

  /** Whoever shares a connection learns at the start whether there is one. */
  async start(): Promise<void> {
    if (this.#settings.shared) await this.#sharedConnection();
  }

  /** A connection for a client that asked for this export. */
  async open(asked: string, gone: AbortSignal): Promise<Connection> {
    const { shared, exportName = asked } = this.#settings;
    return shared ? this.#sharedConnection() : this.#connect(exportName, gone);
  }

  /** Nobody of ours uses it any more. */
  async release(connection: Connection): Promise<void> {
    if (!this.#settings.shared) await leave(connection);
  }

  async defaultExport(gone: AbortSignal): Promise<string> {
    if (this.#settings.exportName !== undefined) return this.#settings.exportName;
    try {
      const connection = await this.#connect("", gone);
      await leave(connection);
      return connection.client.exportName;
    } catch (error) {
      // It may have none, and still list others.
      this.#debug(`no default export: ${messageOf(error)}`);
      return "";
    }
  }

  async listExports(signal: AbortSignal): Promise<readonly ExportItem[]> {
    const { place, exportName, wishes } = this.#settings;
    if (exportName !== undefined || place.kind !== "address") return [{ name: exportName ?? "" }];
    const { exports } = await listExports(place.address, { ...wishes, signal });
    return exports.map(({ name, description }) => ({
      name,
      ...(description !== undefined && { description }),
    }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections].map(leave));
  }

  /** One that was lost is made anew for the next client. */
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
        this.#debug(`connect failed, and is tried again: ${messageOf(error)}`);
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

/** Takes leave of the far server, and waits until nothing of the connection is left. */
async function leave({ client, finished }: Connection): Promise<void> {
  const timer = setTimeout(() => client.destroy(), farewellMs);
  await client.close();
  clearTimeout(timer);
  await finished;
}
