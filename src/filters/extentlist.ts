import { readFileSync } from "node:fs";
import { failure } from "../contract/failure.ts";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { once, text } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import type { Extent } from "../core/extent.ts";
import { type ListedExtent, parseExtentList } from "./extentlist/parse.ts";
import { within } from "./extentlist/within.ts";

interface State {
  readonly extentlist: string;
  extents: readonly ListedExtent[];
  readonly host: Host;
}

/** Replaces the extents of the disk by extents from a file: nbdkit-extentlist-filter(1). */
const extentlist: Filter = defineFilter({
  name: "extentlist",
  longname: "nbdkit extentlist filter",
  parameters: {
    extentlist: once(
      text({
        required: true,
        placeholder: "FILENAME",
        help: "File with one extent per line: OFFSET LENGTH [TYPE]; TYPE is hole, zero or hole,zero; data without it",
      }),
      () => "extentlist cannot appear twice",
    ),
  },
  debugFlags: ["lookup"],
  configComplete: ({ extentlist }, host): State => ({ extentlist, extents: [], host }),
  getReady(state: State) {
    state.extents = parseExtentList(textOf(state.extentlist), state.extentlist);
  },
  open: (_next, { extents, host }: State) => ({
    extents(offset, length, requestOne) {
      const found = within(extents, offset, length, requestOne);
      if (host.debugFlag("lookup") > 0) traceLookup(host, offset, found);
      return found;
    },
  }),
});
export default extentlist;

function traceLookup(host: Host, offset: bigint, found: readonly Extent[]): void {
  const words = found.map(
    ({ length, hole, zero }) => `${length}${hole ? " hole" : ""}${zero ? " zero" : ""}`,
  );
  host.debug(`extentlist: lookup at ${offset} found: ${words.join(", ")}`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw failure("open", path, error);
  }
}
