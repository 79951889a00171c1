import { answer, type MaybePromise, type Steps } from "./maybe-promise.ts";

/**
 * A lock for parts of a disk: requests for the same part run one after another, in the order in which they came; requests for
 * other parts run at the same time. What counts the parts is up to the caller: mostly the blocks in which a filter keeps data.
 *
 * A filter that reads a block, changes a part of it and writes it back holds the block meanwhile. All connections need the same
 * gate, so that it belongs into what `configComplete` returns, or into what a `PerExport` keeps.
 *
 * ```ts
 * const leave = await gate.enter(first, end);
 * try {
 *   // Read, change and write the blocks from `first` to before `end`.
 * } finally {
 *   leave();
 * }
 * ```
 */
export class RangeGate {
  /** The claims that were granted and those that wait, in order of arrival. */
  readonly #claims: Claim[] = [];

  /**
   * Waits until no other request is in the range.
   * @param first first part of the range
   * @param end the part after the last one
   * @param shared other requests that share may be in the range at the same time; for requests that only read. Default false
   * @returns leaves the range, and must be called once, also after an error. There is no promise where the range is free.
   */
  enter(first: number, end: number, shared: boolean = false): MaybePromise<() => void> {
    const claim: Claim = { first, end, shared, grant: undefined };
    const isFree = this.#isFree(claim, this.#claims);
    this.#claims.push(claim);
    const leave = (): void => this.#leave(claim);
    if (isFree) return leave;
    return new Promise((resolve) => {
      claim.grant = () => resolve(leave);
    });
  }

  /** {@link enter} and leave around a body in steps. */
  *hold(first: number, end: number, shared: boolean, body: () => Steps): Steps {
    const leave = yield* answer(this.enter(first, end, shared));
    try {
      yield* body();
    } finally {
      leave();
    }
  }

  #leave(claim: Claim): void {
    const left = this.#claims.indexOf(claim);
    // A second call must not take away the claim of another request.
    if (left < 0) return;
    this.#claims.splice(left, 1);
    for (const [index, waiting] of this.#claims.entries()) {
      if (waiting.grant === undefined || !this.#isFree(waiting, this.#claims.slice(0, index))) continue;
      waiting.grant();
      waiting.grant = undefined;
    }
  }

  /** An earlier claim that waits is not overtaken, so that no request waits for ever. */
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
