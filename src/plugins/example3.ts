import { everyRequest } from "../contract/handle.ts";
import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { openFileDisk } from "../descriptor/file-disk.ts";
import { createUnlinkedFile } from "../descriptor/memory-file.ts";
import { native } from "../native/load.ts";

/** An example plugin: every client gets an empty disk of its own (nbdkit-example3-plugin(1)). */
const example3: Plugin = definePlugin({
  name: "example3",
  longname: "nbdkit example3 plugin",
  description: "A writable disk in a temporary file, one for each client",
  parameters: {
    size: size({ default: 100n * 1024n ** 2n, help: "Size of the disk" }),
  },
  // The safe choice for a plugin that keeps state. This plugin would also work with parallel requests.
  threadModel: "serialize_all_requests",
  provides: [...everyRequest, "close"],
  // Additional lines of `nbdkit example3 --dump-plugin`.
  dumpPlugin: () => ({ example3_extra: "hello" }),
  // Called for each client. The file has no name, so the kernel removes it when the disk closes it or the
  // server is killed.
  async open({ size }) {
    const name = "nbdkit-example3";
    const fd = createUnlinkedFile(name);
    try {
      native().setSize(fd, size);
      const disk = await openFileDisk(fd, {
        name,
        writable: true,
        owned: false,
        advice: "normal",
        relief: false,
      });
      // No multi-conn: two connections of one client get two different disks.
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
