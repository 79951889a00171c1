import { statFields } from "../processes/stat-fields.ts";

/** What {@link parentAtBirth} says of a parent that has ended: the number of no process. */
const nobody = 0;

/**
 * The process that started us, when nobody noted it before Node was there (native/launcher.cc does, and says why). A
 * process is born into the session of its parent; one that neither has the session of its parent nor began its own
 * was adopted, so the parent has ended.
 */
export function parentAtBirth(): number {
  const session = sessionOf(process.pid);
  const parentSession = sessionOf(process.ppid);
  // Where the system does not tell, what Node knows is all there is.
  if (session === undefined || parentSession === undefined) return process.ppid;
  return session === parentSession || session === process.pid ? process.ppid : nobody;
}

function sessionOf(pid: number): number | undefined {
  const fields = statFields(String(pid));
  return fields === undefined ? undefined : Number(fields[3]);
}
