import { statfsSync } from "node:fs";

/** The types of Linux file systems that consist only of page cache (statfs(2)). */
const memoryFileSystems: readonly number[] = [
  0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */, 0x958458f6 /* huge pages */,
];

/** Whether a file is in memory, with no disk below it. Operations on such a file never block. */
export function isInMemory(fd: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    return memoryFileSystems.includes(statfsSync(`/proc/self/fd/${fd}`).type);
  } catch {
    // Without /proc, callers check the page cache for each read, which works on every file system.
    return false;
  }
}
