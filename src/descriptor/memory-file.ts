import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../native/load.ts";

/** A nameless sparse file: in memory where the system has such files, in the temporary folder elsewhere. The addon closes it. */
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

/** One on a disk, unless the folder is in memory. */
export function createUnlinkedFile(name: string, folder: string = tmpdir()): number {
  return native().createTemporaryFile(join(folder, `${name}-`));
}
