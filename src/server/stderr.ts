import { writeSync } from "node:fs";
import { isError, NbdError } from "../core/errors.ts";

/** Synchronous, so that a line is out before the process ends for whatever reason. */
export function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    // Nobody reads stderr any more (EPIPE), or it was never open: there is nobody left to tell.
    if (!isError(error)) throw new NbdError("EIO", "stderr failed", { cause: error });
  }
}
