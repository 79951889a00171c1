import { type AllocatedDisk, allocate } from "../allocator/allocate.ts";
import { type Allocator, allocator, allocatorFeatures } from "../allocator/parameter.ts";
import { everyRequest } from "../contract/handle.ts";
import { size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { must } from "../core/assert.ts";

interface State {
  readonly size: bigint;
  readonly allocator: Allocator;
  disk?: AllocatedDisk;
}

/**
 * A disk in memory. All clients share it, and its content is lost when the server stops
 * (nbdkit-memory-plugin(1)).
 */
const memory: Plugin = definePlugin({
  name: "memory",
  longname: "nbdkit memory plugin",
  description: "A disk in memory",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
    allocator,
  },
  magicKey: "size",
  debugFlags: ["dir"],
  provides: [...everyRequest, "multiConn", "blockSize"],
  dumpPlugin: allocatorFeatures,
  configComplete: ({ size, allocator }): State => ({ size, allocator }),
  async getReady(state) {
    state.disk = await allocate("nbdkit-memory", state.size, state.allocator);
  },
  open: ({ disk }) => must(disk).handle,
  unload: ({ disk }) => disk?.dispose(),
});

export default memory;
