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

/** Sends requests that failed once more, to the same open plugin (nbdkit-retry-request-filter(1)). */
const retryRequest: Filter = defineFilter({
  name: "retry-request",
  longname: "nbdkit retry request filter",
  description: "Sends single requests again when they fail",
  parameters: {
    "retry-request-retries": integer({
      min: 0,
      max: 1000,
      default: 2,
      help: "How often to send a request again",
    }),
    "retry-request-delay": delay({ default: 2000, help: "How long to wait before that" }),
    "retry-request-open": boolean({ default: true, help: "Open the plugin again too, if that fails" }),
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
      // What they cannot do now comes here anyway.
      readNow,
      writeNow,
    };
  },
});

export default retryRequest;

function recovery(what: string, { retries, delayMs, host }: State, gone: AbortSignal): Recover {
  return async (error, failures) => {
    // Fast zeroing that is not possible is an answer, and no failure.
    if (failures > retries || codeOf(error) === "ENOTSUP") throw error;
    if (host.verbose) {
      host.debug(`${what} failed: ${messageOf(error)}`);
      host.debug(`retry ${failures}: waiting ${delayMs / 1000} seconds before retrying`);
    }
    await sleep(delayMs, gone, host.stopping);
  };
}
