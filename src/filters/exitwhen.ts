import { defineFilter, type Filter } from "../contract/filter.ts";
import { delay, list } from "../contract/parameter.ts";
import { absolutePath } from "../contract/path.ts";
import { parseInteger } from "../core/values.ts";
import type { Event } from "./exitwhen/event.ts";
import { fileCreated, fileDeleted } from "./exitwhen/file.ts";
import { pipeClosed } from "./exitwhen/pipe.ts";
import { processExits } from "./exitwhen/process.ts";
import { scriptSays } from "./exitwhen/script.ts";
import { Watcher } from "./exitwhen/watcher.ts";

const fdRange = { min: 0, max: 2 ** 31 - 1 };
const pidRange = { min: 1, max: 2 ** 31 - 1 };

/** Stops the server after an external event, when no client is connected (nbdkit-exitwhen-filter(1)). */
const exitwhen: Filter = defineFilter({
  name: "exitwhen",
  longname: "nbdkit exitwhen filter",
  description: "Exits gracefully when an event occurs; each kind of event may be given several times",
  parameters: {
    "exit-when-file-created": list(absolutePath, {
      default: [],
      placeholder: "FILENAME",
      help: "Exit when the file is created",
    }),
    "exit-when-file-deleted": list(absolutePath, {
      default: [],
      placeholder: "FILENAME",
      help: "Exit when the file is deleted",
    }),
    "exit-when-pipe-closed": list((text, key) => parseInteger(key, text, fdRange.min, fdRange.max), {
      ...fdRange,
      default: [],
      placeholder: "FD",
      help: "Exit when the other end of the pipe whose read end is this descriptor is closed",
    }),
    "exit-when-process-exits": list((text, key) => parseInteger(key, text, pidRange.min, pidRange.max), {
      ...pidRange,
      default: [],
      placeholder: "PID",
      help: "Exit when the process exits",
    }),
    "exit-when-script": list((script) => script, {
      default: [],
      placeholder: "SCRIPT",
      help: "Exit when the shell script ends with status 88; 0 means not yet",
    }),
    "exit-when-poll": delay({ default: 60_000, help: "How often to check while no client is connected" }),
  },
  dumpPlugin: () => ({
    exitwhen_file_created: "yes",
    exitwhen_file_deleted: "yes",
    exitwhen_pipe_closed: "yes",
    exitwhen_process_exits: "yes",
    exitwhen_script: "yes",
  }),
  configComplete(values, host) {
    const events: Event[] = [];
    const watcher = new Watcher(events, values["exit-when-poll"], host);
    const add = <Value>(given: readonly Value[], eventOf: (value: Value) => Event): void => {
      for (const value of given) events.push(eventOf(value));
    };
    try {
      add(values["exit-when-file-created"], fileCreated);
      add(values["exit-when-file-deleted"], fileDeleted);
      add(values["exit-when-pipe-closed"], pipeClosed);
      add(values["exit-when-process-exits"], processExits);
      add(values["exit-when-script"], scriptSays);
    } catch (error) {
      watcher.stop();
      throw error;
    }
    return watcher;
  },
  getReady: (watcher) => watcher.lookBeforeStart(),
  afterFork: (watcher) => void watcher.poll(),
  preconnect: (watcher, client) => watcher.admit(client),
  cleanup: (watcher) => watcher.stop(),
});

export default exitwhen;
