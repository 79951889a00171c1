import { connect, type NbdClient } from "../../../client/index.ts";
import { anyLanes } from "./endpoint.ts";

/** Several connections to one export, where the server says that they see each other's writes. */
export class Lanes {
  readonly #clients: NbdClient[];

  constructor(first: NbdClient) {
    this.#clients = [first];
  }

  get max(): number {
    return this.#clients[0]!.capabilities.canMultiConn ? anyLanes : 1;
  }

  async open(count: number): Promise<void> {
    const { address } = this.#clients[0]!;
    while (this.#clients.length < count) {
      this.#clients.push(await connect(address, { metaContexts: [] }));
    }
  }

  get(lane: number): NbdClient {
    return this.#clients[lane % this.#clients.length]!;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy();
  }
}
