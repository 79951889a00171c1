import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, delay, integer } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { type Recover, repeat } from "../kit/repeat.ts";
import { sleep } from "../kit/sleep.ts";
import { requireAbility } from "./retry/ability.ts";
import { type Perform, steadyHandle } from "./retry/handle.ts";
import { Opened, Reopenable } from "./retry/reopenable.ts";

interface State {
  readonly retries: number;
  readonly delayMs: number;
  readonly exponential: boolean;
  readonly readOnly: boolean;
  readonly host: Host;
}

/** Opens the plugin again when something fails, and goes on as if nothing had been (nbdkit-retry-filter(1)). */
const retry: Filter = defineFilter({
  name: "retry",
  longname: "nbdkit retry filter",
  description: "Closes the plugin when something fails, opens it again, and tries once more",
  parameters: {
    retries: integer({ min: 0, max: 2 ** 31 - 1, default: 5, help: "How often to try again" }),
    "retry-delay": delay({ default: 2000, help: "How long to wait before that" }),
    "retry-exponential": boolean({ default: true, help: "Wait twice as long each time" }),
    "retry-readonly": boolean({ default: false, help: "After a failure, open it for reading only" }),
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

/** Waits before another attempt, or gives up with the error. */
function waiting(
  { retries, delayMs, exponential, readOnly, host }: State,
  gone: AbortSignal,
): (what: string, ...failure: Parameters<Recover>) => Promise<void> {
  return async (what, error, failures) => {
    const code = codeOf(error);
    // Fast zeroing that is not possible is an answer, and who was told to open for reading only will not write.
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
