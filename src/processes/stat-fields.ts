import { readFileSync } from "node:fs";

/** The fields of /proc/PID/stat (proc(5)) after the name, which may itself hold spaces: state, parent, group, session... */
export function statFields(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It has ended, or there is no /proc.
    return undefined;
  }
}
