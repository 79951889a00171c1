import type { MaybePromise } from "./maybe-promise.ts";

// A claim is a range that a request holds or waits for. Claims stay in one list, in order of arrival. A claim
// is granted when no earlier claim overlaps it, granted or waiting, except where both are shared. Waiting
// claims count too, so a request never overtakes an earlier one, and no request waits for ever.

/**
 * A lock for ranges of a disk: requests for the same part run one after another, in order of arrival;
 * requests for other parts run at the same time. The caller chooses the unit of the parts, usually the blocks
 * in which a filter keeps data.
 *
 * A filter that reads a block, changes it and writes it back must hold the block meanwhile. All connections
 * need the same gate, so keep the gate in the state that `configComplete` returns, or in a `PerExport`.
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
  /** The granted and the waiting claims, in order of arrival. */
  readonly #claims: Claim[] = [];

  /**
   * Waits until no other request holds the range.
   *
   * @param first first part of the range
   * @param end the part after the last one
   * @param shared the range may be held together with other shared requests, for requests that only read.
   *   Default false
   * @returns a function that leaves the range; call it once, also after an error. There is no promise where
   *   the range is free
   */
  enter(first: number, end: number, shared: boolean = false): MaybePromise<() => void> {
    const claim: Claim = { first, end, shared, grant: undefined };
    const isFree = this.isFree(first, end, shared);
    this.#claims.push(claim);
    const leave = (): void => this.#leave(claim);
    if (isFree) return leave;
    return new Promise((resolve) => {
      claim.grant = () => resolve(leave);
    });
  }

  /**
   * Returns whether {@link enter} would return no promise. Code that does not wait, such as `writeNow` of a
   * handle, needs no `enter` where the range is free: no other request runs before its end.
   */
  isFree(first: number, end: number, shared: boolean = false): boolean {
    return !this.#claims.some((claim) => conflicts(claim, first, end, shared));
  }

  /**
   * Runs a function between {@link enter} and leave.
   *
   * @throws what the function throws
   */
  async hold(first: number, end: number, shared: boolean, body: () => MaybePromise<void>): Promise<void> {
    const leave = await this.enter(first, end, shared);
    try {
      await body();
    } finally {
      leave();
    }
  }

  #leave(claim: Claim): void {
    const left = this.#claims.indexOf(claim);
    // After a second call, `left` is -1. Without this check, the call would remove the claim of another
    // request.
    if (left < 0) return;
    this.#claims.splice(left, 1);
    for (const [index, waiting] of this.#claims.entries()) {
      const { first, end, shared } = waiting;
      const earlier = this.#claims.slice(0, index);
      if (waiting.grant === undefined || earlier.some((claim) => conflicts(claim, first, end, shared)))
        continue;
      waiting.grant();
      waiting.grant = undefined;
    }
  }
}

function conflicts(claim: Claim, first: number, end: number, shared: boolean): boolean {
  return claim.first < end && claim.end > first && !(claim.shared && shared);
}

interface Claim {
  readonly first: number;
  readonly end: number;
  readonly shared: boolean;
  /** Present while the claim waits. */
  grant: (() => void) | undefined;
}
