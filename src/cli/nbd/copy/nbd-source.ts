import { connect, type NbdClient } from "../../../client/index.ts";
import type { Extent } from "../../../core/extent.ts";
import { AllocationState, baseAllocation } from "../../../protocol/constants.ts";
import type { Source } from "./endpoint.ts";
import { Lanes } from "./lanes.ts";

/** Copies from an NBD server. */
export class NbdSource implements Source {
  readonly size: bigint;
  readonly minimumBlock: number;
  readonly lanesMax: number;
  readonly #first: NbdClient;
  readonly #lanes: Lanes;

  static async open(uri: string): Promise<NbdSource> {
    return new NbdSource(await connect(uri));
  }

  private constructor(first: NbdClient) {
    this.#first = first;
    this.#lanes = new Lanes(first);
    this.size = first.size;
    this.minimumBlock = first.blockSize?.minimum ?? 1;
    this.lanesMax = this.#lanes.max;
  }

  openLanes(count: number): Promise<void> {
    return this.#lanes.open(count);
  }

  async read(into: Buffer, offset: bigint, lane: number): Promise<void> {
    await this.#lanes.get(lane).read(offset, into);
  }

  extents(): AsyncIterable<Extent> | undefined {
    return this.#first.contexts.includes(baseAllocation) ? this.#allExtents() : undefined;
  }

  close(): Promise<void> {
    return this.#lanes.close();
  }

  destroy(): void {
    this.#lanes.destroy();
  }

  async *#allExtents(): AsyncGenerator<Extent> {
    for await (const { length, state } of this.#first.statusOf(baseAllocation, 0n, this.size)) {
      const has = (bit: number): boolean => (state & BigInt(bit)) !== 0n;
      yield { length, hole: has(AllocationState.hole), zero: has(AllocationState.zero) };
    }
  }
}
