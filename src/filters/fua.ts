import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle, HandleChanges, WriteFlags } from "../contract/handle.ts";
import { boolean, choice } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { withFua, withoutFua } from "../served/fallback.ts";

const modes = ["none", "emulate", "native", "force", "pass", "discard"] as const;
type Mode = (typeof modes)[number];

interface State {
  readonly fuamode: Mode;
  readonly "flush-on-close": boolean;
}

/** Changes how FUA and flush requests are handled: nbdkit-fua-filter(1). */
const fua: Filter = defineFilter({
  name: "fua",
  longname: "nbdkit fua filter",
  parameters: {
    fuamode: choice(modes, {
      default: "none",
      aliases: ["fua-mode"],
      help: "FUA: none (not offered), emulate (by a flush), native, force (on all writes), pass (unchanged), discard (with flushes)",
    }),
    "flush-on-close": boolean({ default: false, help: "Flush when a client disconnects" }),
  },
  open(next, { fuamode, "flush-on-close": flushing }: State, { readOnly }) {
    if (next.write !== undefined && !readOnly) checkAbility(next, fuamode);
    const { flush } = applyChanges(next, {});
    if (flushing && flush === undefined) {
      throw new NbdError("EINVAL", "flush-on-close requires plugin flush support: use flush-on-close=false");
    }
    return { ...changesOf[fuamode](applyChanges(next, {})), ...(flushing && { close: flush }) };
  },
});
export default fua;

function checkAbility(next: Handle, mode: Mode): void {
  const canFlush = next.flush !== undefined;
  if (mode === "emulate" && !canFlush) {
    throw new NbdError("EINVAL", "fuamode 'emulate' requires plugin flush support: use none or pass");
  }
  if ((mode === "native" || mode === "force") && next.nativeFua !== true && !canFlush) {
    throw new NbdError("EINVAL", `fuamode '${mode}' requires plugin fua support: use none or pass`);
  }
}

/** The methods of `next` are bound. */
const changesOf: Readonly<Record<Mode, (next: Handle) => HandleChanges>> = {
  none: () => ({ nativeFua: false, fuaByFlushing: false }),
  emulate: () => ({ nativeFua: false, fuaByFlushing: true }),
  native: (next) => ({
    nativeFua: true,
    fuaByFlushing: false,
    ...changing(next, ({ fua }, change) => (fua ? withFua(next, change) : change(withoutFua))),
    // writeNow is only called for writes without FUA, which need no change.
    writeNow: next.writeNow,
  }),
  force: (next) => ({
    nativeFua: true,
    fuaByFlushing: false,
    flush: () => {},
    ...changing(next, (_flags, change) => withFua(next, change)),
  }),
  pass: () => ({}),
  discard: (next) => ({
    nativeFua: true,
    fuaByFlushing: false,
    flush: () => {},
    ...changing(next, (_flags, change) => change(withoutFua)),
    writeNow: next.writeNow,
  }),
};

type Way = (flags: WriteFlags, change: (flags: WriteFlags) => MaybePromise<void>) => MaybePromise<void>;

/** Wraps all methods that change a disk. */
function changing(next: Handle, way: Way): HandleChanges {
  const { write, trim, zero } = next;
  return {
    write: write && ((from, offset, flags) => way(flags, (changed) => write(from, offset, changed))),
    trim: trim && ((offset, length, flags) => way(flags, (changed) => trim(offset, length, changed))),
    zero:
      zero &&
      ((offset, length, flags) => way(flags, (changed) => zero(offset, length, { ...flags, ...changed }))),
  };
}
