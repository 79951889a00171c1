// What Linux tells about processes.
import { readFileSync } from "node:fs";

/** A file below /proc; empty for a process that is gone. */
export function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw error;
  }
}
