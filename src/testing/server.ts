import assert from "node:assert/strict";
import { messageOf } from "../core/errors.ts";
import { Gate } from "../core/gate.ts";
import { TestClient } from "./client.ts";
import { Random } from "./random.ts";
import type { SessionOptions } from "./subject.ts";
import { TestedChain } from "./tested-chain.ts";
import { Watch } from "./watch.ts";

export interface TestServerOptions {
  /** Random behaviour is the same for the same seed. */
  readonly seed: number;
  /** The plugin answers late and in any order. */
  readonly slow: boolean;
  /** The maximum number of clients at once, where the thread model allows several. */
  readonly connections: number;
}

/** A chain with several clients; requests run at once only as far as the thread model allows. */
export class TestServer {
  readonly random: Random;
  readonly #session: TestedChain;
  readonly #watch: Watch;
  readonly #connections: number;
  readonly #gate: Gate = new Gate();
  readonly #clients: Set<TestClient> = new Set();

  private constructor(session: TestedChain, watch: Watch, { seed, connections }: TestServerOptions) {
    this.random = new Random(seed);
    this.#session = session;
    this.#watch = watch;
    this.#connections = connections;
  }

  /**
   * Starts a server, runs the body with it, and stops the server.
   *
   * @throws AssertionError for wrong answers to clients, and for wrong calls or results between filters and
   *   plugin
   */
  static async use(
    subject: SessionOptions,
    options: TestServerOptions,
    body: (server: TestServer) => Promise<void>,
  ): Promise<void> {
    const watch = new Watch(options.slow ? new Random(options.seed) : undefined);
    const session = await TestedChain.start(subject, watch);
    const server = new TestServer(session, watch, options);
    const failures: unknown[] = [];
    await body(server).catch((error) => failures.push(error));
    await server.#end().catch((error) => failures.push(error));
    // Faults between the layers come first: they explain the wrong answers that clients saw.
    if (watch.complaints.length > 0)
      assert.fail([...watch.complaints, ...failures.map(messageOf)].join("; "));
    if (failures.length > 0) throw failures[0];
  }

  /** The maximum number of clients at once. */
  get connections(): number {
    return this.#session.chain.threadModel === "serialize_connections" ? 1 : this.#connections;
  }

  async connect({ readOnly = false }: { readonly readOnly?: boolean } = {}): Promise<TestClient> {
    const { threadModel } = this.#session.chain;
    const gate = threadModel === "serialize_all_requests" ? this.#gate : new Gate();
    const disk = await this.#session.open({ readOnly });
    const client = new TestClient(disk, threadModel === "parallel" ? undefined : gate);
    this.#clients.add(client);
    return client;
  }

  /** Connects as many clients as are allowed. */
  async connectAll(): Promise<readonly TestClient[]> {
    const clients: TestClient[] = [];
    while (clients.length < this.connections) clients.push(await this.connect());
    return clients;
  }

  async disconnect(client: TestClient): Promise<void> {
    this.#clients.delete(client);
    client.checkBuffers();
    await this.#session.close(client.disk);
  }

  async #end(): Promise<void> {
    try {
      for (const client of this.#clients) await this.disconnect(client);
    } finally {
      await this.#session.end();
    }
    this.#watch.checkClosed();
  }
}
