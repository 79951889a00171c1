import { readFileSync } from "node:fs";

/**
 * The fields of /proc/PID/stat (proc(5)) after the name: state, parent, group, session... The name may
 * contain spaces.
 */
export function statFields(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // The process has ended, or there is no /proc.
    return undefined;
  }
}
