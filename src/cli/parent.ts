import { exitWithParent, surviveParent } from "../server/exit-with-parent.ts";
import type { Launch } from "../server/launch.ts";
import { endBy } from "../server/signals.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Applies --exit-with-parent, before code of plugins and filters runs. If the parent process has already
 * exited, this process ends too. Call this after the signal handlers are installed, because loading the addon
 * may create a temporary file, which the handlers remove.
 * @throws NbdError ENOTSUP on systems that do not support --exit-with-parent
 */
export function heedParent(invocation: Pick<Invocation, "exitWithParent">, launch: Launch): void {
  if (!invocation.exitWithParent) {
    surviveParent(launch);
    return;
  }
  exitWithParent(launch);
  // Do not wait for the signal of the kernel: its JavaScript handler runs only after the start-up code has
  // returned.
  if (process.ppid !== launch.parentPid) endBy("SIGTERM");
}
