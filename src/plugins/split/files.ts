import { close, constants, open } from "node:fs";
import { promisify } from "node:util";
import { failure } from "../../contract/failure.ts";
import type { Handle } from "../../contract/handle.ts";
import { openFileDisk } from "../../descriptor/file-disk.ts";

/** Opens all files as disks. If one cannot be opened, the others are closed again. */
export async function openFiles(paths: readonly string[], writable: boolean): Promise<readonly Handle[]> {
  const disks: Handle[] = [];
  try {
    for (const path of paths) disks.push(await openFile(path, writable));
    return disks;
  } catch (error) {
    for (const disk of disks) await disk.close?.();
    throw error;
  }
}

async function openFile(path: string, writable: boolean): Promise<Handle> {
  const flags = (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NOCTTY;
  const fd = await promisify(open)(path, flags).catch((error) => {
    throw failure("open", path, error);
  });
  try {
    return await openFileDisk(fd, { name: path, writable, owned: true, advice: "normal", relief: false });
  } catch (error) {
    await promisify(close)(fd);
    throw failure("open", path, error);
  }
}
