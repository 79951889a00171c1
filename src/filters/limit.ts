import { defineFilter, type Filter } from "../contract/filter.ts";
import { integer } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";

interface State {
  /** Maximum number of clients; 0 means no limit. */
  readonly limit: number;
  /** Number of clients that have an export open or are opening one. */
  clients: number;
}

/** Limits the number of clients at the same time: nbdkit-limit-filter(1). */
const limit: Filter = defineFilter({
  name: "limit",
  longname: "nbdkit limit filter",
  parameters: {
    limit: integer({
      min: 0,
      max: 2 ** 32 - 1,
      default: 1,
      help: "Maximum number of clients at the same time; 0 means no limit",
    }),
  },
  configComplete: ({ limit }): State => ({ limit, clients: 0 }),
  // Check before the handshake, to refuse early. Only clients that open an export are counted.
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
