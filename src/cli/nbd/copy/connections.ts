import { connect, type NbdClient } from "../../../client/index.ts";
import { must } from "../../../core/assert.ts";
import { anyConnections } from "./endpoint.ts";

/** Several connections to one export; more than one only if the server supports multi-conn. */
export class Connections {
  readonly #first: NbdClient;
  readonly #clients: NbdClient[];

  constructor(first: NbdClient) {
    this.#first = first;
    this.#clients = [first];
  }

  get max(): number {
    return this.#first.capabilities.canMultiConn ? anyConnections : 1;
  }

  async open(count: number): Promise<void> {
    const { address } = this.#first;
    while (this.#clients.length < count) {
      this.#clients.push(await connect(address, { metaContexts: [] }));
    }
  }

  get(connection: number): NbdClient {
    return must(this.#clients[connection % this.#clients.length]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy();
  }
}
