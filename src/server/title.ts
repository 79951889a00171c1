import { writeFileSync } from "node:fs";
import { withoutSecrets } from "../core/secrets.ts";

/** What the kernel calls the main thread; ps -C, pidof and killall look for it. */
const ownName = "/proc/self/comm";

/** Makes ps(1) show the command line as it was typed, not that of the interpreter (`node .../nbdkit.cjs`). */
export function showCommandLine(args: readonly string[]): void {
  process.title = withoutSecrets(["nbdkit", ...args].join(" "));
  // Node has put the beginning of the title there, with arguments and all.
  if (process.platform !== "linux") return;
  try {
    writeFileSync(ownName, "nbdkit");
  } catch {
    // Where there is no /proc, ps shows nothing either.
  }
}
