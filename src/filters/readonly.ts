import { existsSync } from "node:fs";
import { defineFilter, type Filter } from "../contract/filter.ts";
import type { HandleChanges } from "../contract/handle.ts";
import { once, path } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";

/** Refuses all changes, always or while a file exists: nbdkit-readonly-filter(1). */
const readonly: Filter = defineFilter({
  name: "readonly",
  longname: "nbdkit readonly filter",
  parameters: {
    "readonly-file": once(
      path({ defaultText: "none: refuse always", help: "Refuse changes only while this file exists" }),
    ),
  },
  // Open the plugin read-only too, because some plugins behave differently then.
  openNext: (next, { "readonly-file": file }, request) =>
    next(file === undefined ? { ...request, readOnly: true } : request),
  open(next, { "readonly-file": file }): HandleChanges {
    if (file === undefined) return { write: undefined, trim: undefined, zero: undefined };
    const guarded = <Arguments extends unknown[], Result>(
      kind: string,
      change: (...arguments_: Arguments) => Result,
    ): ((...arguments_: Arguments) => Result) => {
      return (...arguments_) => {
        if (!existsSync(file)) return change(...arguments_);
        throw new NbdError("EPERM", `${kind} refused by the readonly filter: ${file} exists`);
      };
    };
    return {
      write: next.write && guarded("write", next.write.bind(next)),
      trim: next.trim && guarded("trim", next.trim.bind(next)),
      zero: next.zero && guarded("zero", next.zero.bind(next)),
    };
  },
});
export default readonly;
