import { messageOf, NbdError } from "../core/errors.ts";
import type { NativeBinding } from "../native/binding.ts";
import { native } from "../native/load.ts";
import type { Launch } from "./launch.ts";

/**
 * Asks for SIGTERM when the parent process ends (nbdkit-captive(1), "EXIT WITH PARENT"). A parent that has
 * already ended counts too. The end of only the thread that started this process is ignored. The launcher
 * requests the signal before Node runs, but Node handles it only from here on. Call it again after a change
 * of user or group, because the kernel clears the request (prctl(2), PR_SET_PDEATHSIG).
 * @throws NbdError ENOTSUP where the system does not support it
 */
export function exitWithParent(launch: Launch): void {
  const reason = whyUnsupported();
  if (reason !== undefined) {
    throw new NbdError(
      "ENOTSUP",
      `--exit-with-parent is not implemented for this operating system: ${reason}`,
    );
  }
  native().exitWithParent(launch.parentPid);
}

/** Cancels the launcher's request, when an argument only looked like --exit-with-parent. */
export function surviveParent(launch: Launch): void {
  if (launch.armed) native().cancelExitWithParent();
}

/** The `exit_with_parent` of --dump-config. */
export function isExitWithParentSupported(launch: Launch): boolean {
  // Ask the launcher first: loading the addon takes longer than the rest of --dump-config.
  return launch.canArm || whyUnsupported() === undefined;
}

function whyUnsupported(): string | undefined {
  let addon: NativeBinding;
  try {
    addon = native();
  } catch (error) {
    return messageOf(error);
  }
  return addon.features.exitWithParent
    ? undefined
    : `${process.platform} does not report the end of a parent process`;
}
