import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Host } from "../contract/plugin.ts";
import { isPromise } from "../core/maybe-promise.ts";
import { intercept } from "../kit/intercept.ts";

interface State {
  readonly host: Host;
  /** bytes */
  readonly counts: Record<(typeof counted)[number], bigint>;
}

const counted = ["read", "write", "zero", "trim"] as const;

/** Counts the bytes of requests and logs the totals at exit with -v: nbdkit-count-filter(1). */
const count: Filter = defineFilter({
  name: "count",
  longname: "nbdkit count filter",
  configComplete: (_values, host): State => ({ host, counts: { read: 0n, write: 0n, zero: 0n, trim: 0n } }),
  open: (next, { counts }, request) =>
    intercept(next, request, (operation, perform) => {
      const kind = counted.find((one) => one === operation.kind);
      const done = perform();
      if (kind === undefined || !("length" in operation)) return done;
      const bytes = BigInt(operation.length);
      if (!isPromise(done)) {
        counts[kind] += bytes;
        return done;
      }
      return done.then((answer) => {
        counts[kind] += bytes;
        return answer;
      });
    }),
  unload({ host, counts: { read, write, zero, trim } }) {
    host.debug(`count bytes: read ${read}, written ${write}, zeroed ${zero}, trimmed ${trim}`);
  },
});
export default count;
