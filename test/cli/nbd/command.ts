import { fileURLToPath } from "node:url";
import { type Outcome, run } from "../../helpers/run.ts";

/** The command, as users run it. */
export const nbdScript: string = fileURLToPath(new URL("../../../bin/nbd", import.meta.url));

export function nbd(...args: string[]): Promise<Outcome> {
  return run(process.execPath, [nbdScript, ...args]);
}
