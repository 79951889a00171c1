import { writeFileSync } from "node:fs";
import { withoutSecrets } from "../core/secrets.ts";

/** The name of the main thread, which ps -C, pidof and killall compare. */
const ownName = "/proc/self/comm";

/**
 * Makes ps(1) show the command line as the user typed it, without the interpreter (`node .../nbdkit.cjs`).
 */
export function showCommandLine(args: readonly string[]): void {
  process.title = withoutSecrets(["nbdkit", ...args].join(" "));
  // Setting the title has also set this name, to the beginning of the command line.
  if (process.platform !== "linux") return;
  try {
    writeFileSync(ownName, "nbdkit");
  } catch {
    // Without /proc, ps shows no name anyway.
  }
}
