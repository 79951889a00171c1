import type { Handle, TransferableHandle } from "../contract/handle.ts";
import { layered } from "../kit/layered.ts";
import { type FileDiskOptions, openFileDisk } from "./file-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

/**
 * Opens a transferable handle in a worker thread, on the same descriptor. The original handle keeps ownership
 * of the descriptor and closes it.
 */
export async function openTransferable(transferable: TransferableHandle): Promise<Handle> {
  return layered(await openBottom(transferable), transferable.layers);
}

/** `data` comes from another thread, as MemoryDisk or openFileDisk made it there. Only here it gets its types back. */
async function openBottom({ kind, data }: TransferableHandle): Promise<Handle> {
  if (kind === "memory") {
    const { fd, size, map } = data as { fd: number; size: bigint; map: number };
    return new MemoryDisk(fd, size, map);
  }
  const { fd, options } = data as { fd: number; options: FileDiskOptions };
  return openFileDisk(fd, { ...options, owned: false });
}
