import { closeSync, openSync, writeSync } from "node:fs";
import { failure } from "../contract/failure.ts";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, integer, path } from "../contract/parameter.ts";
import { isPromise } from "../core/maybe-promise.ts";
import { intercept } from "../kit/intercept.ts";
import { reportOf } from "./stats/report.ts";
import { type Tallies, Tally } from "./stats/tally.ts";

interface State {
  readonly file: string;
  readonly append: boolean;
  /** Share of the requests from 0 to 1; 0 means no histogram. */
  readonly threshold: number;
  readonly tallies: Tallies;
  fd?: number;
  /** Start time, in ms. */
  since: number;
}

/** Writes statistics about requests to a file at exit: nbdkit-stats-filter(1). */
const stats: Filter = defineFilter({
  name: "stats",
  longname: "nbdkit stats filter",
  parameters: {
    statsfile: path({ required: true, help: "Report file" }),
    statsappend: boolean({ default: false, help: "Append to the report file instead of overwriting it" }),
    statsthreshold: integer({
      min: 0,
      max: 100,
      default: 95,
      placeholder: "PERCENTILE",
      help: "Percentage of the requests that the size and alignment breakdown covers; 0 omits it",
    }),
  },
  configComplete: ({ statsfile, statsappend, statsthreshold }): State => ({
    file: statsfile,
    append: statsappend,
    threshold: statsthreshold / 100,
    tallies: {
      read: new Tally(),
      write: new Tally(),
      trim: new Tally(),
      zero: new Tally(),
      extents: new Tally(),
      cache: new Tally(),
      flush: new Tally(),
    },
    since: 0,
  }),
  getReady(state) {
    state.fd = openReport(state);
    state.since = performance.now();
  },
  open: (next, { tallies }, request) =>
    intercept(next, request, (operation, perform) => {
      const begun = performance.now();
      const { offset, length } = "offset" in operation ? operation : { offset: 0n, length: 0 };
      const count = (): void => tallies[operation.kind].add(offset, length, performance.now() - begun);
      const answer = perform();
      if (isPromise(answer)) {
        return answer.then((found) => {
          count();
          return found;
        });
      }
      count();
      return answer;
    }),
  unload({ fd, since, tallies, threshold }) {
    if (fd === undefined) return;
    writeSync(fd, reportOf(tallies, performance.now() - since, threshold));
    closeSync(fd);
  },
});
export default stats;

function openReport({ file, append }: State): number {
  try {
    return openSync(file, append ? "a" : "w");
  } catch (error) {
    throw failure("open", file, error);
  }
}
