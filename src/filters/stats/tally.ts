import type { Operation } from "../../kit/intercept.ts";

export type Tallies = Readonly<Record<Operation["kind"], Tally>>;

/** Requests of similar size. */
export interface SizeClass {
  /** The size is at least 2^bits bytes and less than 2^(bits+1). */
  readonly bits: number;
  requests: number;
  bytes: bigint;
  /** Number of requests by the count of trailing zero bits of their offset; offset 0 is under Infinity. */
  readonly byAlignment: Map<number, number>;
}

/** The totals of one kind of requests. */
export class Tally {
  operations = 0;
  bytes = 0n;
  ms = 0;
  readonly #classes = new Map<number, SizeClass>();

  /** Requests without a length, such as flushes, are in no class. */
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
