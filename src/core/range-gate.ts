import type { Steps } from "./maybe-promise.ts";

/** Requests to the same part of a disk one after another, in the order in which they came; others side by side. */
export class RangeGate {
  /** Those who are in and those who wait, in order of arrival. */
  readonly #claims: Claim[] = [];

  /**
   * Does something while nobody else is in the range; with `shared`, nobody but others who share.
   * @param end not included
   */
  *hold(first: number, end: number, shared: boolean, body: () => Steps): Steps {
    const claim: Claim = { first, end, shared, grant: undefined };
    const isFree = this.#isFree(claim, this.#claims);
    this.#claims.push(claim);
    if (!isFree) yield new Promise<void>((resolve) => (claim.grant = resolve));
    try {
      yield* body();
    } finally {
      this.#leave(claim);
    }
  }

  #leave(claim: Claim): void {
    this.#claims.splice(this.#claims.indexOf(claim), 1);
    for (const [index, waiting] of this.#claims.entries()) {
      if (waiting.grant === undefined || !this.#isFree(waiting, this.#claims.slice(0, index))) continue;
      waiting.grant();
      waiting.grant = undefined;
    }
  }

  /** Who came earlier and waits is not overtaken, so that nobody waits for ever. */
  #isFree(claim: Claim, earlier: readonly Claim[]): boolean {
    return earlier.every(
      (other) => other.end <= claim.first || other.first >= claim.end || (other.shared && claim.shared),
    );
  }
}

interface Claim {
  readonly first: number;
  readonly end: number;
  readonly shared: boolean;
  /** Present while it waits. */
  grant: (() => void) | undefined;
}
