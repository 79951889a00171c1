import { writeSync } from "node:fs";
import { messageOf, NbdError } from "../core/errors.ts";

/**
 * Synchronous and complete, also into a pipe that is full: a program waits for the end of what it asked for.
 * @throws NbdError EPIPE when nobody reads stdout any more
 */
export function writeStdout(text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const { code = "EIO" } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN") throw new NbdError(code, `stdout: ${messageOf(error)}`, { cause: error });
    }
  }
}
