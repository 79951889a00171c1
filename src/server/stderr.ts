import { writeSync } from "node:fs";
import { isError, NbdError } from "../core/errors.ts";

/** Writes synchronously, so that the line is out even if the process ends right after. */
export function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    // Ignore the error: stderr is closed, or its reader has ended (EPIPE), and there is no other place for
    // the line.
    if (!isError(error)) throw new NbdError("EIO", "stderr failed", { cause: error });
  }
}
