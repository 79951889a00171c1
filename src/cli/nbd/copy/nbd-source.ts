import { connect, type NbdClient } from "../../../client/index.ts";
import type { Extent } from "../../../core/extent.ts";
import { AllocationState, baseAllocation } from "../../../protocol/constants.ts";
import { Connections } from "./connections.ts";
import type { Source } from "./endpoint.ts";

/** An NBD export as source. */
export class NbdSource implements Source {
  readonly size: bigint;
  readonly minimumBlock: number;
  readonly connectionsMax: number;
  readonly #first: NbdClient;
  readonly #connections: Connections;

  static async open(uri: string): Promise<NbdSource> {
    return new NbdSource(await connect(uri));
  }

  private constructor(first: NbdClient) {
    this.#first = first;
    this.#connections = new Connections(first);
    this.size = first.size;
    this.minimumBlock = first.blockSize?.minimum ?? 1;
    this.connectionsMax = this.#connections.max;
  }

  openConnections(count: number): Promise<void> {
    return this.#connections.open(count);
  }

  async read(into: Buffer, offset: bigint, connection: number): Promise<void> {
    await this.#connections.get(connection).read(offset, into);
  }

  extents(): AsyncIterable<Extent> | undefined {
    return this.#first.contexts.includes(baseAllocation) ? this.#allExtents() : undefined;
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  destroy(): void {
    this.#connections.destroy();
  }

  async *#allExtents(): AsyncGenerator<Extent> {
    for await (const { length, state } of this.#first.statusOf(baseAllocation, 0n, this.size)) {
      const has = (bit: number): boolean => (state & BigInt(bit)) !== 0n;
      yield { length, hole: has(AllocationState.hole), zero: has(AllocationState.zero) };
    }
  }
}
