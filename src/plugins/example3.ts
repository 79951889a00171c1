import { everyRequest } from "../contract/handle.ts";
import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { openFileDisk } from "../descriptor/file-disk.ts";
import { createUnlinkedFile } from "../descriptor/memory-file.ts";
import { native } from "../native/load.ts";

/** A plugin to learn from: every client gets an empty disk of its own (nbdkit-example3-plugin(1)). */
const example3: Plugin = definePlugin({
  name: "example3",
  longname: "nbdkit example3 plugin",
  description: "A writable disk in a temporary file, a new one for each client",
  parameters: {
    size: size({ default: 100n * 1024n ** 2n, help: "Size of the disk" }),
  },
  // Nothing here needs it; it is what is safe for a plugin that keeps state.
  threadModel: "serialize_all_requests",
  provides: [...everyRequest, "close"],
  // What `nbdkit example3 --dump-plugin` says beside what follows from the plugin.
  dumpPlugin: () => ({ example3_extra: "hello" }),
  // For each client. The file has no name, so it is gone when the disk closes it, or when the server is killed.
  async open({ size }) {
    const fd = createUnlinkedFile("nbdkit-example3");
    try {
      native().setSize(fd, size);
      const disk = await openFileDisk(fd, { writable: true, owned: false, advice: "normal", relief: false });
      // Two connections of one client would not see the same disk.
      return {
        ...disk,
        multiConn: false,
        close: async () => {
          await disk.close?.();
          native().closeDescriptor(fd);
        },
      };
    } catch (error) {
      native().closeDescriptor(fd);
      throw error;
    }
  },
});

export default example3;
