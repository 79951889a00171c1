import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import { boolean, delay, type Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseInteger } from "../core/values.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { intercept } from "../kit/intercept.ts";
import { delayed } from "../kit/sleep.ts";
import { Heads } from "./spinning/heads.ts";

/** Adds the delays of a disk whose heads have to move: nbdkit-spinning-filter(1). */
const spinning: Filter = defineFilter({
  name: "spinning",
  longname: "nbdkit spinning filter",
  parameters: {
    heads: headCount(),
    "separate-heads": boolean({ default: false, help: "Whether the heads move independently" }),
    "min-seek-time": delay({ default: 10, help: "Time of a seek to the next track" }),
    "half-seek-time": delay({ default: 200, help: "Time of a seek across half of the disk" }),
    "max-seek-time": delay({ default: 500, help: "Time of a seek across the whole disk" }),
  },
  configComplete: (values, host) => ({
    host,
    options: {
      count: values.heads,
      separate: values["separate-heads"],
      times: {
        min: values["min-seek-time"],
        half: values["half-seek-time"],
        max: values["max-seek-time"],
      },
    },
  }),
  open(next, { host, options }, request) {
    const heads = new Heads(next.size, options);
    const wait = (ms: number): Promise<void> => delayed(ms, request.signal, host.stopping);
    const changes = intercept(next, request, (operation, perform) => {
      const { kind } = operation;
      if (kind !== "read" && kind !== "write" && kind !== "zero") return perform();
      return heads.seek(Number(operation.offset), wait, perform);
    });
    // Each connection has heads of its own.
    return { ...changes, ...nearby(next, heads), rotational: true, multiConn: false };
  },
});
export default spinning;

/** The fast path, for requests that need no seek. */
function nearby(next: Handle, heads: Heads): HandleChanges {
  const { readNow, writeNow } = applyChanges(next, {});
  return {
    readNow:
      readNow &&
      ((buffer, start, end, offset) => heads.placeIf(offset, () => readNow(buffer, start, end, offset))),
    writeNow:
      writeNow &&
      ((buffer, start, end, offset) => heads.placeIf(offset, () => writeNow(buffer, start, end, offset))),
  };
}

function headCount(): Parameter<number> & { readonly default: number } {
  const [min, max] = [1, 64];
  const parse = (text: string, key: string): number => {
    const count = parseInteger(key, text, 0, 2 ** 32 - 1);
    if (count >= min && count <= max) return count;
    throw new NbdError("ERANGE", `${key} must be in the range [${min}..${max}] (was: ${count})`);
  };
  return { parse, placeholder: "N", min, max, default: 1, help: "Number of heads" };
}
