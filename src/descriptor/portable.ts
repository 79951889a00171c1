import type { Handle, PortableHandle } from "../backend/handle.ts";
import { type FileDiskOptions, openFileDisk } from "./file-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** A handle of this folder again, in another thread, on the same descriptor, which stays the first one's to close. */
export async function openPortable({ kind, data }: PortableHandle): Promise<Handle> {
  if (kind === "memory") {
    const { fd, size } = data as { fd: number; size: bigint };
    return new MemoryDisk(fd, size);
  }
  const { fd, options } = data as { fd: number; options: FileDiskOptions };
  return openFileDisk(fd, { ...options, owned: false });
}
