import type { Extent, StatusExtent } from "../core/extent.ts";
import { AllocationState } from "../protocol/constants.ts";

export { baseAllocation } from "../protocol/constants.ts";

/** Decodes the state of a `base:allocation` extent into `hole` and `zero`. */
export function allocationOf({ length, state }: StatusExtent): Extent {
  return {
    length,
    hole: (state & BigInt(AllocationState.hole)) !== 0n,
    zero: (state & BigInt(AllocationState.zero)) !== 0n,
  };
}
