import { readdirSync, readFileSync } from "node:fs";

/** Whether the tests run as root and can switch to another user. */
export const isPrivileged: boolean = process.getuid?.() === 0;

/**
 * The prefix of a command that runs it as an unprivileged user: the user of the tests, or user 65534 when the
 * tests run as root.
 */
export const asOrdinaryUser: readonly string[] = isPrivileged
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : ["env"];

/**
 * Returns the lines of /proc/PID/status with the ids of every thread of a process: real, effective, saved and
 * file system ids.
 */
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
