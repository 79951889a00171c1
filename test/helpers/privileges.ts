import { readdirSync, readFileSync } from "node:fs";

/** Whether tests can become another user. */
export const isPrivileged: boolean = process.getuid?.() === 0;

/** Runs what follows as somebody who may do little, which is whoever runs the tests, or nobody. */
export const asOrdinaryUser: readonly string[] = isPrivileged
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : ["env"];

/** Lines of /proc/PID/status of every thread of a process: real, effective, saved and file system ids. */
export function identitiesOf(pid: number): string[] {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")
      .split("\n")
      .filter((line) => /^(Uid|Gid|Groups|CapPrm|CapEff):/.test(line))
      .map((line) => line.replaceAll("\t", " ").trim())
      .join("; "),
  );
  return [...new Set(threads)];
}
