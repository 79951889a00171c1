// A simple disk in memory. memory.py and memory.sh are the same plugin for nbdkit.
import { definePlugin, size } from "nbdkit-node/plugin";

export default definePlugin({
  name: "buffer",
  parameters: { size: size({ required: true, help: "Size of the disk" }) },
  configComplete: ({ size }) => Buffer.alloc(Number(size)),
  open: (disk) => ({
    size: BigInt(disk.length),
    read: (into, offset) => void into.set(disk.subarray(Number(offset), Number(offset) + into.length)),
    write: (from, offset) => void disk.set(from, Number(offset)),
  }),
});
