import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, delay, integer } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { type Recover, repeat } from "../kit/repeat.ts";
import { sleep } from "../kit/sleep.ts";
import { requireAbility } from "./retry/ability.ts";
import { Opened, Reopenable } from "./retry/reopenable.ts";
import { type Perform, steadyHandle } from "./retry/steady-handle.ts";

interface State {
  readonly retries: number;
  readonly delayMs: number;
  readonly exponential: boolean;
  readonly readOnly: boolean;
  readonly host: Host;
}

/** Reopens the plugin after a failed request and sends the request again (nbdkit-retry-filter(1)). */
const retry: Filter = defineFilter({
  name: "retry",
  longname: "nbdkit retry filter",
  description: "Reopens the plugin after a failed request and sends the request again",
  parameters: {
    retries: integer({ min: 0, max: 2 ** 31 - 1, default: 5, help: "Maximum number of retries" }),
    "retry-delay": delay({ default: 2000, help: "Delay before the first retry" }),
    "retry-exponential": boolean({ default: true, help: "Double the delay after each retry" }),
    "retry-readonly": boolean({ default: false, help: "Reopen the plugin read-only" }),
  },
  configComplete(values, host): State {
    const delayMs = values["retry-delay"];
    if (delayMs === 0) throw new NbdError("EINVAL", "retry-delay cannot be 0");
    const { retries, "retry-exponential": exponential, "retry-readonly": readOnly } = values;
    return { retries, delayMs, exponential, readOnly, host };
  },
  async openNext(next, state, request) {
    const { host } = state;
    const disk = new Reopenable(async (again) => {
      const readOnly = request.readOnly || (again && state.readOnly);
      return new Opened(await next({ ...request, readOnly }), readOnly, request.signal);
    });
    const wait = waiting(state, request.signal);
    const { handle } = await repeat(
      () => disk.open(),
      (error, failures) => wait("open", error, failures),
    );
    const perform: Perform = (operation, ask) => {
      let tried: Opened | undefined;
      const attempt = (opened: Opened) => {
        tried = opened;
        requireAbility(operation, opened.below);
        return ask(opened.below);
      };
      return repeat(
        () => disk.use(attempt),
        async (error, failures) => {
          await wait(operation.kind, error, failures);
          await disk.reopen(tried);
        },
      );
    };
    const steady = steadyHandle(handle, disk, request, perform);
    const close = (): Promise<void> => {
      if (host.verbose) host.debug(`reopens needed: ${disk.reopens}`);
      return disk.close();
    };
    return { ...steady, close };
  },
});

export default retry;

/** Waits before the next retry, or throws the error when no retry is left. */
function waiting(
  { retries, delayMs, exponential, readOnly, host }: State,
  gone: AbortSignal,
): (what: string, ...failure: Parameters<Recover>) => Promise<void> {
  return async (what, error, failures) => {
    const code = codeOf(error);
    // ENOTSUP is a valid answer to a fast zero. With retry-readonly, a write cannot succeed after a reopen.
    if (code === "ENOTSUP" || (readOnly && code === "EROFS")) throw error;
    if (failures > retries) {
      if (host.verbose) host.debug(`could not recover after ${retries} retries`);
      throw error;
    }
    const ms = exponential ? delayMs * 2 ** (failures - 1) : delayMs;
    if (host.verbose) {
      host.debug(`${what} failed: ${messageOf(error)}`);
      host.debug(`retry ${failures}: waiting ${ms / 1000} seconds before retrying`);
    }
    await sleep(ms, gone, host.stopping);
  };
}
