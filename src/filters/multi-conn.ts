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
  /** Groups by export name; one group under "" unless multi-conn-exportname is set. */
  readonly groups: Map<string, Group>;
  /** The thread model allows only one connection at a time. */
  alone: boolean;
}

/** Advertises multi-conn and keeps several connections consistent: nbdkit-multi-conn-filter(1). */
const multiConn: Filter = defineFilter({
  name: "multi-conn",
  longname: "nbdkit multi-conn filter",
  parameters: {
    "multi-conn-mode": choice(["auto", "emulate", "plugin", "disable", "unsafe"], {
      default: "auto",
      placeholder: "MODE",
      help: "auto, emulate (each flush flushes all connections), plugin (unchanged), disable, unsafe (advertise only)",
    }),
    "multi-conn-track-dirty": choice(["connection", "conn", "fast", "off"], {
      default: "connection",
      placeholder: "LEVEL",
      help: "Skip needless flushes: tracked per connection, for all connections together (fast), or never (off)",
    }),
    "multi-conn-exportname": boolean({
      default: false,
      help: "Track each export name separately",
      aliases: ["multi-conn-export-name"],
    }),
  },
  // A flush of one connection also uses the handles of the other connections, which may have a running
  // request.
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
