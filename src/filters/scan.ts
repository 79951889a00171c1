import { defineFilter, type Filter } from "../contract/filter.ts";
import type { HandleChanges } from "../contract/handle.ts";
import { boolean, size } from "../contract/parameter.ts";
import type { Host, ThreadModel } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { Scanner } from "./scan/scanner.ts";

interface State {
  readonly scanner: Scanner;
  readonly ahead: boolean;
  readonly host: Host;
  threadModel: ThreadModel;
  /** The name that "" stands for. */
  defaultExport: string;
}

/** Sends cache requests for the whole disk while clients are connected: nbdkit-scan-filter(1). */
const scan: Filter = defineFilter({
  name: "scan",
  longname: "nbdkit scan filter",
  parameters: {
    "scan-ahead": boolean({ default: true, help: "Skip what is before a read that is further on" }),
    "scan-clock": boolean({
      default: true,
      help: "Go on where the scan was when a client connects after all have gone; false starts again",
    }),
    "scan-forever": boolean({ default: false, help: "Start again at the end of the disk" }),
    "scan-size": size(
      {
        default: 2n ** 21n,
        min: 512n,
        max: 2n ** 25n,
        powerOfTwo: true,
        help: "Length of a cache request",
      },
      (key) => `${key} parameter should be [512..32M] and a power of two`,
    ),
  },
  configComplete: (values, host): State => ({
    scanner: new Scanner({
      clock: values["scan-clock"],
      forever: values["scan-forever"],
      requestBytes: Number(values["scan-size"]),
      host,
    }),
    ahead: values["scan-ahead"],
    host,
    threadModel: "parallel",
    defaultExport: "",
  }),
  getReady(state: State, _host, threadModel) {
    state.threadModel = threadModel;
  },
  async defaultExport(next, state: State, request) {
    state.defaultExport = await next(request);
    return state.defaultExport;
  },
  open(next, { scanner, ahead, host, ...state }: State, { exportName }): HandleChanges {
    const { cache, read, readNow } = applyChanges(next, {});
    const reason = reasonAgainst(cache !== undefined, exportName, state);
    if (cache === undefined || reason !== undefined) {
      host.error(`scan: warning: ${reason}, not scanning`);
      return {};
    }
    const leave = scanner.join(next, cache);
    if (!ahead) return { close: leave };
    return {
      read(into, offset) {
        scanner.reading(offset, into.length);
        return read(into, offset);
      },
      readNow:
        readNow &&
        ((buffer, start, end, offset) => {
          scanner.reading(BigInt(offset), end - start);
          return readNow(buffer, start, end, offset);
        }),
      close: leave,
    };
  },
  cleanup: ({ scanner }: State) => scanner.finished(),
});
export default scan;

/** Why the disk cannot be scanned, in nbdkit's words. */
function reasonAgainst(
  canCache: boolean,
  exportName: string,
  { threadModel, defaultExport }: Pick<State, "threadModel" | "defaultExport">,
): string | undefined {
  if (threadModel !== "parallel") return "underlying plugin does not support the PARALLEL thread model";
  if (exportName !== "" && exportName !== defaultExport) return "not the default export";
  return canCache ? undefined : "underlying plugin does not support NBD_CMD_CACHE";
}
