// Reads /proc (Linux).
import { readFileSync } from "node:fs";

/** The content of a file below /proc. Empty when the process has ended. */
export function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw error;
  }
}
