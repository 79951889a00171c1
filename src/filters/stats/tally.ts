import type { Operation } from "../../kit/intercept.ts";

export type Tallies = Readonly<Record<Operation["kind"], Tally>>;

/** Requests of similar size. */
export interface SizeClass {
  /** The size is at least 2 to this power, and less than twice that. */
  readonly bits: number;
  requests: number;
  bytes: bigint;
  /** Requests by the zero bits at the end of their offset; those at offset 0 under Infinity. */
  readonly byAlignment: Map<number, number>;
}

/** What there was of one kind of requests. */
export class Tally {
  operations = 0;
  bytes = 0n;
  ms = 0;
  readonly #classes = new Map<number, SizeClass>();

  /** Requests of no size have no class. */
  get classes(): readonly SizeClass[] {
    return [...this.#classes.values()];
  }

  add(offset: bigint, length: number, ms: number): void {
    this.operations++;
    this.bytes += BigInt(length);
    this.ms += ms;
    if (length > 0) this.#classify(offset, length);
  }

  #classify(offset: bigint, length: number): void {
    const bits = Math.floor(Math.log2(length));
    let found = this.#classes.get(bits);
    if (found === undefined) {
      found = { bits, requests: 0, bytes: 0n, byAlignment: new Map() };
      this.#classes.set(bits, found);
    }
    found.requests++;
    found.bytes += BigInt(length);
    const alignment = alignmentOf(offset);
    found.byAlignment.set(alignment, (found.byAlignment.get(alignment) ?? 0) + 1);
  }
}

function alignmentOf(offset: bigint): number {
  if (offset === 0n) return Number.POSITIVE_INFINITY;
  return (offset & -offset).toString(2).length - 1;
}
