import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { text } from "../contract/parameter.ts";
import { realPath } from "../contract/path.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";

/** A plugin to learn from: serves a file for reading (nbdkit-example2-plugin(1)). */
const example2: Plugin = definePlugin({
  name: "example2",
  longname: "nbdkit example2 plugin",
  description: "A file, read-only, in a few lines",
  parameters: {
    file: text({ required: true, placeholder: "FILENAME", help: "The file to serve" }),
  },
  // With -D example2.extra=1 it says more.
  debugFlags: ["extra"],
  // Nothing here needs it; it is what is safe for a plugin that keeps state.
  threadModel: "serialize_all_requests",
  provides: ["close"],
  // What `nbdkit example2 --dump-plugin` says beside what follows from the plugin.
  dumpPlugin: () => ({ example2_extra: "hello" }),
  // What this returns is the first argument of `open`.
  configComplete: ({ file }, host) => ({ path: realPath(file), host }),
  // For each client; no `write`, so the export is read-only.
  async open({ path, host }) {
    const file = await open(path, constants.O_RDONLY);
    const { size } = await file.stat({ bigint: true });
    if (host.debugFlag("extra") > 0) host.debug(`extra debugging: the file has ${size} bytes`);
    return {
      size,
      async read(into, offset) {
        // A read may stop early, and does at the end of a file that has become shorter.
        for (let done = 0; done < into.length; ) {
          const { bytesRead } = await file.read(into, { offset: done, position: Number(offset) + done });
          if (bytesRead === 0) throw new NbdError("EIO", "unexpected end of file");
          done += bytesRead;
        }
      },
      close: () => file.close(),
    };
  },
});

export default example2;
