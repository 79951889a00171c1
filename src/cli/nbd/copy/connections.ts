import { connect, type NbdClient } from "../../../client/index.ts";
import { anyConnections } from "./endpoint.ts";

/** Several connections to one export; more than one only if the server supports multi-conn. */
export class Connections {
  readonly #clients: NbdClient[];

  constructor(first: NbdClient) {
    this.#clients = [first];
  }

  get max(): number {
    return this.#clients[0]!.capabilities.canMultiConn ? anyConnections : 1;
  }

  async open(count: number): Promise<void> {
    const { address } = this.#clients[0]!;
    while (this.#clients.length < count) {
      this.#clients.push(await connect(address, { metaContexts: [] }));
    }
  }

  get(connection: number): NbdClient {
    return this.#clients[connection % this.#clients.length]!;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy();
  }
}
