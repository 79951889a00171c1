import { closeSync, mkdtempSync, openSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../native/load.ts";

/** A nameless sparse file: in memory where the system has such files, in the temporary folder elsewhere. */
export function createMemoryFile(name: string, size: bigint): number {
  const fd = native().features.memoryFile ? native().createMemoryFile(name) : createUnlinkedFile(name);
  try {
    native().setSize(fd, size);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** One on a disk, unless the folder is in memory. */
export function createUnlinkedFile(name: string, folder: string = tmpdir()): number {
  const directory = mkdtempSync(join(folder, `${name}-`));
  try {
    const path = join(directory, "disk");
    const fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    return fd;
  } finally {
    rmdirSync(directory);
  }
}
