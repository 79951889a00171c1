import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, delay, integer } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { intercept } from "../kit/intercept.ts";
import { type Recover, repeat } from "../kit/repeat.ts";
import { sleep } from "../kit/sleep.ts";

interface State {
  readonly retries: number;
  readonly delayMs: number;
  readonly retryOpen: boolean;
  readonly host: Host;
}

/** Sends failed requests again to the same open plugin (nbdkit-retry-request-filter(1)). */
const retryRequest: Filter = defineFilter({
  name: "retry-request",
  longname: "nbdkit retry request filter",
  description: "Sends failed requests again",
  parameters: {
    "retry-request-retries": integer({
      min: 0,
      max: 1000,
      default: 2,
      help: "Maximum number of retries",
    }),
    "retry-request-delay": delay({ default: 2000, help: "Delay before each retry" }),
    "retry-request-open": boolean({ default: true, help: "Also retry when opening the plugin fails" }),
  },
  configComplete(values, host): State {
    const delayMs = values["retry-request-delay"];
    if (delayMs === 0) throw new NbdError("EINVAL", "retry-request-delay cannot be 0");
    return {
      retries: values["retry-request-retries"],
      delayMs,
      retryOpen: values["retry-request-open"],
      host,
    };
  },
  openNext: (next, state, request) =>
    state.retryOpen ? repeat(() => next(request), recovery("open", state, request.signal)) : next(request),
  open(next, state, request) {
    const { readNow, writeNow } = applyChanges(next, {});
    return {
      ...intercept(next, request, (operation, perform) =>
        repeat(() => perform(), recovery(operation.kind, state, request.signal)),
      ),
      // The fast path needs no retry: when it cannot serve a request, the server uses the normal methods.
      readNow,
      writeNow,
    };
  },
});

export default retryRequest;

function recovery(what: string, { retries, delayMs, host }: State, gone: AbortSignal): Recover {
  return async (error, failures) => {
    // ENOTSUP is a valid answer to a fast zero, not a failure.
    if (failures > retries || codeOf(error) === "ENOTSUP") throw error;
    if (host.verbose) {
      host.debug(`${what} failed: ${messageOf(error)}`);
      host.debug(`retry ${failures}: waiting ${delayMs / 1000} seconds before retrying`);
    }
    await sleep(delayMs, gone, host.stopping);
  };
}
