import { defineFilter, type Filter } from "../contract/filter.ts";
import { path } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { isPromise } from "../core/maybe-promise.ts";
import { checkSocketPath } from "../core/socket-path.ts";
import { intercept } from "../kit/intercept.ts";
import { ControlSocket } from "./pause/control-socket.ts";
import { Valve } from "./pause/valve.ts";

interface State {
  readonly host: Host;
  readonly valve: Valve;
  readonly socket: ControlSocket;
}

/** Pauses and resumes requests on commands from a control socket: nbdkit-pause-filter(1). */
const pause: Filter = defineFilter({
  name: "pause",
  longname: "nbdkit pause filter",
  parameters: {
    "pause-control": path({
      required: true,
      placeholder: "SOCKET",
      help: "Unix control socket: p pauses (answer P when no request is running), r resumes (answer R)",
    }),
  },
  configComplete({ "pause-control": file }, host): State {
    checkSocketPath("pause-control", file);
    const valve = new Valve();
    return { host, valve, socket: new ControlSocket(file, (command) => obey(command, valve, host)) };
  },
  getReady: ({ socket }) => socket.listen(),
  open: (next, { host, valve }, request) =>
    intercept(next, request, (_operation, perform) => {
      const entered = valve.enter([request.signal, host.stopping]);
      const pass = () => valve.pass(perform);
      return isPromise(entered) ? entered.then(pass) : pass();
    }),
  cleanup: ({ socket }) => socket.close(),
});
export default pause;

/** @returns the answer; empty for white space */
async function obey(command: string, valve: Valve, host: Host): Promise<string> {
  if (command === "p") {
    host.debug("pause: pausing, waiting for requests to complete");
    await valve.close();
    host.debug("pause: paused");
  } else if (command === "r") {
    valve.open();
    host.debug("pause: resumed");
  } else {
    return /\s/.test(command) ? "" : "X";
  }
  return command.toUpperCase();
}
