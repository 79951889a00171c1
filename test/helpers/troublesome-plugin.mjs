import { setTimeout } from "node:timers/promises";
import { definePlugin } from "nbdkit-node/plugin";

const size = 64n * 1024n * 1024n;
const trouble = (message, code) => Object.assign(new Error(message), code === undefined ? {} : { code });

let release;
const released = new Promise((resolve) => {
  release = resolve;
});

/** The failures of read, by the name of the export. */
const reads = {
  "": (into) => void into.fill(1),
  throws: () => {
    throw trouble("thrown by read");
  },
  rejects: () => Promise.reject(trouble("rejected by read", "ENOSPC")),
  late: async (into) => {
    await setTimeout(200);
    into.fill(2);
  },
  /** Answers when a client has opened the export "release". */
  held: async (into) => {
    await released;
    into.fill(2);
  },
  never: (into, offset) => (offset === 0n ? new Promise(() => {}) : void into.fill(3)),
  nonsense: () => {
    throw undefined;
  },
};

const opens = {
  "open-throws": () => {
    throw trouble("thrown by open");
  },
  "open-rejects": () => Promise.reject(trouble("rejected by open", "EACCES")),
  "open-late": async () => {
    await setTimeout(3000);
    return { size, read: reads[""] };
  },
  release: () => {
    release();
    return { size, read: reads[""] };
  },
  "open-size": () => ({ size: 5, read: reads[""], close: () => void process.stderr.write("closed\n") }),
};

export default definePlugin({
  name: "troublesome",
  open(_values, { exportName }) {
    if (exportName in opens) return opens[exportName]();
    if (!(exportName in reads)) throw trouble(`no export ${exportName}`, "ENOENT");
    return {
      size,
      read: reads[exportName],
      close: () => exportName === "late" && Promise.reject(trouble("rejected by close")),
    };
  },
});
