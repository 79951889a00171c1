import { readdirSync, readlinkSync } from "node:fs";

/** The number of descriptors of this process that are open on files whose path contains `name` (Linux). */
export function descriptorsOn(name: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes(name);
    } catch {
      return false;
    }
  }).length;
}
