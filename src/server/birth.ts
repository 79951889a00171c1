import { statFields } from "../processes/stat-fields.ts";

/** The result of {@link parentAtBirth} for a parent that has ended: the id of no process. */
const noProcess = 0;

/**
 * The process that started this one, where the launcher did not record it (native/launcher/main.cc gives the
 * reason). A new process is in the session of its parent. A process that is neither in the session of its
 * parent nor the leader of its own session was adopted, so its first parent has ended.
 */
export function parentAtBirth(): number {
  const session = sessionOf(process.pid);
  const parentSession = sessionOf(process.ppid);
  // Where the system has no /proc, trust Node.
  if (session === undefined || parentSession === undefined) return process.ppid;
  return session === parentSession || session === process.pid ? process.ppid : noProcess;
}

function sessionOf(pid: number): number | undefined {
  const fields = statFields(String(pid));
  return fields === undefined ? undefined : Number(fields[3]);
}
