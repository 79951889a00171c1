import { defineFilter, type Filter } from "../contract/filter.ts";
import { delay } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { sleep } from "../kit/sleep.ts";

/** Disconnects clients after a time limit, also active clients: nbdkit-time-limit-filter(1). */
const timeLimit: Filter = defineFilter({
  name: "time-limit",
  longname: "nbdkit time limit filter",
  parameters: {
    "time-limit": delay({
      default: 60_000,
      help: "How long a client may have an export open; 0 means no limit",
      aliases: ["time_limit", "timelimit"],
    }),
  },
  open(_next, { "time-limit": limitMs }, { signal, disconnect }) {
    if (limitMs === 0) return {};
    const closed = new AbortController();
    sleep(limitMs, signal, closed.signal).then(
      () => disconnect?.(true),
      () => {},
    );
    return { close: () => closed.abort(new NbdError("ECANCELED", "closed")) };
  },
});
export default timeLimit;
