import { existsSync } from "node:fs";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, delay, path } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { intercept, type Operation } from "../kit/intercept.ts";
import { delayed, sleep } from "../kit/sleep.ts";

/** In ms. */
type Delays = Readonly<Record<Operation["kind"] | "open" | "close", number>>;

interface State {
  readonly host: Host;
  readonly delays: Delays;
  readonly fastZero: boolean;
  /** Requests are delayed only while this file exists. */
  readonly trigger: string | undefined;
}

/** Delays requests: nbdkit-delay-filter(1). */
const delayFilter: Filter = defineFilter({
  name: "delay",
  longname: "nbdkit delay filter",
  parameters: {
    rdelay: delay({ default: 0, help: "Delay of reads", aliases: ["delay-read", "delay-reads"] }),
    wdelay: delay({
      default: 0,
      help: "Delay of writes, zeroes and trims that have no delay parameter of their own",
    }),
    "delay-write": delay({
      defaultText: "that of wdelay=",
      help: "Delay of writes",
      aliases: ["delay-writes"],
    }),
    "delay-zero": delay({
      defaultText: "that of wdelay=",
      help: "Delay of zeroes",
      aliases: ["delay-zeroes"],
    }),
    "delay-trim": delay({
      defaultText: "that of wdelay=",
      help: "Delay of trims",
      aliases: ["delay-trims", "delay-discard", "delay-discards"],
    }),
    "delay-extents": delay({ default: 0, help: "Delay of block status", aliases: ["delay-extent"] }),
    "delay-cache": delay({ default: 0, help: "Delay of cache requests" }),
    "delay-fast-zero": boolean({
      default: true,
      help: "Delay fast zeroes too; false refuses them at once",
    }),
    "delay-open": delay({ default: 0, help: "Delay of opening an export" }),
    "delay-close": delay({ default: 0, help: "Delay of closing an export" }),
    "delay-trigger": path({ defaultText: "none: delay always", help: "Delay only while this file exists" }),
  },
  configComplete: (values, host): State => ({
    host,
    fastZero: values["delay-fast-zero"],
    trigger: values["delay-trigger"],
    delays: {
      read: values.rdelay,
      write: values["delay-write"] ?? values.wdelay,
      zero: values["delay-zero"] ?? values.wdelay,
      trim: values["delay-trim"] ?? values.wdelay,
      flush: 0,
      extents: values["delay-extents"],
      cache: values["delay-cache"],
      open: values["delay-open"],
      close: values["delay-close"],
    },
  }),
  async openNext(next, state, request) {
    await sleep(delayOf(state, "open"), request.signal, state.host.stopping);
    return next(request);
  },
  open(next, state, request) {
    const { host, delays, fastZero } = state;
    const { signal } = request;
    const refusesFastZero = delays.zero > 0 && !fastZero;
    const changes = intercept(next, request, (operation, perform) => {
      if (refusesFastZero && operation.kind === "zero" && operation.flags.fastZero) {
        throw new NbdError("ENOTSUP", "fast zeroes are refused by delay-fast-zero=false");
      }
      const ms = delayOf(state, operation.kind);
      return ms === 0 ? perform() : delayed(ms, signal, host.stopping).then(() => perform());
    });
    return {
      ...changes,
      ...(refusesFastZero && changes.zero !== undefined ? { fastZero: true } : {}),
      // A client that has disconnected does not wait: its signal ends the delay.
      close: () => sleep(delayOf(state, "close"), signal, host.stopping).catch(() => {}),
    };
  },
});
export default delayFilter;

/** In ms. The file is looked for only where a delay depends on it. */
function delayOf({ delays, trigger }: State, kind: keyof Delays): number {
  const ms = delays[kind];
  return ms === 0 || trigger === undefined || existsSync(trigger) ? ms : 0;
}
