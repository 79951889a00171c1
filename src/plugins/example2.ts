import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { text } from "../contract/parameter.ts";
import { realPath } from "../contract/path.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";

/** An example plugin that serves a file read-only (nbdkit-example2-plugin(1)). */
const example2: Plugin = definePlugin({
  name: "example2",
  longname: "nbdkit example2 plugin",
  description: "An example plugin that serves a file read-only",
  parameters: {
    file: text({ required: true, placeholder: "FILENAME", help: "The file to serve" }),
  },
  // -D example2.extra=1 logs more.
  debugFlags: ["extra"],
  // The safe choice for a plugin that keeps state. This plugin would also work with parallel requests.
  threadModel: "serialize_all_requests",
  provides: ["close"],
  // Additional lines of `nbdkit example2 --dump-plugin`.
  dumpPlugin: () => ({ example2_extra: "hello" }),
  // The return value is the first argument of `open`.
  configComplete: ({ file }, host) => ({ path: realPath(file), host }),
  // Called for each client. The handle has no `write`, so the export is read-only.
  async open({ path, host }) {
    const file = await open(path, constants.O_RDONLY);
    const { size } = await file.stat({ bigint: true });
    if (host.debugFlag("extra") > 0) host.debug(`extra debugging: the file has ${size} bytes`);
    return {
      size,
      async read(into, offset) {
        // A read may return fewer bytes than requested. It returns 0 at the end of a file that was truncated.
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
