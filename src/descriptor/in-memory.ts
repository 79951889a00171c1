import { statfsSync } from "node:fs";

/** Linux, statfs(2): file systems that are nothing but page cache. */
const memoryFileSystems: readonly number[] = [
  0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */, 0x958458f6 /* huge pages */,
];

/** Whether nothing about a file has to be waited for, as there is no disk below it. */
export function isInMemory(fd: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    return memoryFileSystems.includes(statfsSync(`/proc/self/fd/${fd}`).type);
  } catch {
    // Without /proc the page cache is asked each time, which is right for every file system.
    return false;
  }
}
