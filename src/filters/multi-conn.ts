import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, choice } from "../contract/parameter.ts";
import type { ThreadModel } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import type { Mode } from "./multi-conn/connection.ts";
import { Group, type Tracking } from "./multi-conn/group.ts";

interface State {
  readonly mode: Mode | "auto";
  readonly tracking: Tracking;
  readonly byName: boolean;
  /** By export name; all in one unless they are told apart. */
  readonly groups: Map<string, Group>;
  /** There is never a second connection. */
  alone: boolean;
}

/** Tells clients whether several connections see the same disk, and makes it true: nbdkit-multi-conn-filter(1). */
const multiConn: Filter = defineFilter({
  name: "multi-conn",
  longname: "nbdkit multi-conn filter",
  parameters: {
    "multi-conn-mode": choice(["auto", "emulate", "plugin", "disable", "unsafe"], {
      default: "auto",
      placeholder: "MODE",
      help: "auto, emulate (a flush of one flushes all), plugin (as it says), disable, unsafe (just say so)",
    }),
    "multi-conn-track-dirty": choice(["connection", "conn", "fast", "off"], {
      default: "connection",
      placeholder: "LEVEL",
      help: "What knows that nothing is to be flushed: connection, fast (all of them together), off",
    }),
    "multi-conn-exportname": boolean({
      default: false,
      help: "Connections of different export names have nothing to do with each other",
      aliases: ["multi-conn-export-name"],
    }),
  },
  // A flush of one connection reaches the handles of the others, which may be busy then.
  threadModel: ({ mode }: State, below): ThreadModel =>
    below === "serialize_requests" && (mode === "emulate" || mode === "auto")
      ? "serialize_all_requests"
      : "parallel",
  configComplete(values): State {
    const tracking = values["multi-conn-track-dirty"];
    return {
      mode: values["multi-conn-mode"],
      tracking: tracking === "conn" ? "connection" : tracking,
      byName: values["multi-conn-exportname"],
      groups: new Map(),
      alone: false,
    };
  },
  getReady(state, _host, threadModel) {
    state.alone = threadModel === "serialize_connections";
  },
  open(next, state, request) {
    const mode = modeFor(state, next.multiConn === true);
    if (mode === "emulate" && next.flush === undefined) {
      throw new NbdError(
        "ENOTSUP",
        "emulating multi-conn requires working flush: use multi-conn-mode=plugin",
      );
    }
    const key = state.byName ? request.exportName : "";
    const group = state.groups.get(key) ?? new Group(state.tracking);
    state.groups.set(key, group);
    const changes = group.join(next, mode, request);
    return {
      ...changes,
      async close() {
        await changes.close?.();
        if (group.isUnused) state.groups.delete(key);
      },
    };
  },
});
export default multiConn;

function modeFor({ mode, alone }: State, plugin: boolean): Mode {
  if (mode !== "auto") return mode;
  if (alone) return "disable";
  return plugin ? "plugin" : "emulate";
}
