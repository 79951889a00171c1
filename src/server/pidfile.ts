import { writeFileSync } from "node:fs";
import { messageOf, NbdError } from "../core/errors.ts";

/** Writes our process id; by then clients can connect, so scripts may wait for it. */
export function writePidfile(path: string | undefined): void {
  if (path === undefined) return;
  try {
    // Left behind at exit, as nbdkit leaves it: supervisors read it after a crash.
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    throw new NbdError("EIO", `cannot write the pidfile: ${messageOf(error)}`, { cause: error });
  }
}
