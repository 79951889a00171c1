import { writeSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/**
 * Writes the whole text synchronously, also into a full pipe, so that the process may exit right after.
 * @throws NbdError EPIPE when the reader of stdout has ended
 */
export function writeStdout(text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const code = codeOf(error);
      if (code !== "EAGAIN") throw new NbdError(code, `stdout: ${messageOf(error)}`, { cause: error });
    }
  }
}
