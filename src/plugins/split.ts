import { everyRequest } from "../contract/handle.ts";
import { list } from "../contract/parameter.ts";
import { realPath } from "../contract/path.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { openFiles } from "./split/files.ts";
import { joined } from "./split/joined.ts";

/** Serves several files, one after the other, as one disk (nbdkit-split-plugin(1)). */
const split: Plugin = definePlugin({
  name: "split",
  longname: "nbdkit split plugin",
  description: "Several files, one after the other, as one disk",
  parameters: {
    file: list(realPath, {
      required: true,
      placeholder: "FILENAME",
      help: "A file to serve; the order is that of the disk",
    }),
  },
  magicKey: "file",
  threadModel: "serialize_requests",
  provides: [...everyRequest, "close", "multiConn"],
  open: async ({ file }, { readOnly }) => joined(await openFiles(file, !readOnly)),
});

export default split;
