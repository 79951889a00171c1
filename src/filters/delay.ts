import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, delay } from "../contract/parameter.ts";
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
  },
  configComplete: (values, host): State => ({
    host,
    fastZero: values["delay-fast-zero"],
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
  async openNext(next, { host, delays }, request) {
    await sleep(delays.open, request.signal, host.stopping);
    return next(request);
  },
  open(next, { host, delays, fastZero }, request) {
    const { signal } = request;
    const refusesFastZero = delays.zero > 0 && !fastZero;
    const changes = intercept(next, request, (operation, perform) => {
      if (refusesFastZero && operation.kind === "zero" && operation.flags.fastZero) {
        throw new NbdError("ENOTSUP", "fast zeroes are refused by delay-fast-zero=false");
      }
      const ms = delays[operation.kind];
      return ms === 0 ? perform() : delayed(ms, signal, host.stopping).then(() => perform());
    });
    return {
      ...changes,
      ...(refusesFastZero && changes.zero !== undefined ? { fastZero: true } : {}),
      // A client that has disconnected does not wait: its signal ends the delay.
      close: () => sleep(delays.close, signal, host.stopping).catch(() => {}),
    };
  },
});
export default delayFilter;
