import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Host, ThreadModel } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { Prefetcher } from "./readahead/prefetcher.ts";

interface State {
  threadModel: ThreadModel;
  readonly host: Host;
}

/** Sends cache requests for the data that a client will probably read next: nbdkit-readahead-filter(1). */
const readahead: Filter = defineFilter({
  name: "readahead",
  longname: "nbdkit readahead filter",
  configComplete: (_values, host): State => ({ host, threadModel: "parallel" }),
  getReady(state: State, _host, threadModel) {
    state.threadModel = threadModel;
  },
  open(next, { host, threadModel }: State) {
    const { read, cache } = applyChanges(next, {});
    const isParallel = threadModel === "parallel";
    if (cache === undefined || !isParallel) {
      host.error(
        "readahead: warning: underlying plugin does not support NBD_CMD_CACHE or PARALLEL thread model, " +
          "so the filter won't do anything",
      );
      if (isParallel) host.error("readahead: try adding --filter=cache after this filter");
      return {};
    }
    const prefetcher = new Prefetcher(next, cache, host);
    return {
      read(into, offset) {
        prefetcher.reading(offset, into.length);
        return read(into, offset);
      },
      close: () => prefetcher.finished(),
    };
  },
});
export default readahead;
