import { exitWithParent, surviveParent } from "../server/exit-with-parent.ts";
import type { Launch } from "../server/launch.ts";
import { endBy } from "../server/signals.ts";
import type { Invocation } from "./invocation.ts";

/**
 * --exit-with-parent, before anything of the user's runs: a parent that ended before this call ends the process too.
 * It comes after the signals are caught, since loading the addon for it may make a file.
 * @throws NbdError ENOTSUP where it cannot be done
 */
export function heedParent(invocation: Invocation, launch: Launch): void {
  if (!invocation.exitWithParent) {
    surviveParent(launch);
    return;
  }
  exitWithParent(launch);
  // The signal for that is on its way, but JavaScript hears of it only when the start comes to rest.
  if (process.ppid !== launch.parentPid) endBy("SIGTERM");
}
