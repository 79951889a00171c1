import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../native/load.ts";

/**
 * Creates a sparse file without a name: in memory if the system supports memory files, else in the temporary
 * folder. The caller closes it with the addon (`closeDescriptor`).
 */
export function createMemoryFile(name: string, size: bigint): number {
  const fd = native().features.memoryFile ? native().createMemoryFile(name) : createUnlinkedFile(name);
  try {
    native().setSize(fd, size);
  } catch (error) {
    native().closeDescriptor(fd);
    throw error;
  }
  return fd;
}

/** Creates a file without a name in a folder. It is on a disk unless the folder is in memory. */
export function createUnlinkedFile(name: string, folder: string = tmpdir()): number {
  return native().createTemporaryFile(join(folder, `${name}-`));
}
