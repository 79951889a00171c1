import { defineFilter, type Filter } from "../contract/filter.ts";
import { integer } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";

interface State {
  /** 0 is no limit. */
  readonly limit: number;
  /** Clients that have an export open, or are about to. */
  clients: number;
}

/** Bounds how many clients there are at a time: nbdkit-limit-filter(1). */
const limit: Filter = defineFilter({
  name: "limit",
  longname: "nbdkit limit filter",
  parameters: {
    limit: integer({ min: 0, max: 2 ** 32 - 1, default: 1, help: "Clients at a time; 0 is no limit" }),
  },
  configComplete: ({ limit }): State => ({ limit, clients: 0 }),
  // Early, so that nobody has to negotiate in vain; but only those who open something are counted.
  preconnect: checkLimit,
  async openNext(next, state, request) {
    checkLimit(state);
    state.clients++;
    try {
      return await next(request);
    } catch (error) {
      state.clients--;
      throw error;
    }
  },
  open: (_next, state) => ({ close: () => void state.clients-- }),
});
export default limit;

function checkLimit({ limit, clients }: State): void {
  if (limit === 0 || clients < limit) return;
  throw new NbdError("EBUSY", `limit: too many clients connected, connection rejected: limit=${limit}`);
}
