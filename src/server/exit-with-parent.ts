import { messageOf, NbdError } from "../core/errors.ts";
import type { NativeBinding } from "../native/binding.ts";
import { native } from "../native/load.ts";
import type { Launch } from "./launch.ts";

/**
 * Makes this process get SIGTERM when its parent ends, however it does (nbdkit-captive(1), "EXIT WITH PARENT"), also one that
 * ended a moment ago. The end of the thread that started us means nothing while its process lives.
 * The launcher has armed it before Node was there, but only from here on the kernel's signal is heard.
 * Once more after a change of user or group, with which the kernel forgets it (prctl(2), PR_SET_PDEATHSIG).
 * @throws NbdError ENOTSUP where it cannot be done
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

/** Takes back what the launcher did for an argument that only looked like the option. */
export function surviveParent(launch: Launch): void {
  if (launch.armed) native().cancelExitWithParent();
}

/** The `exit_with_parent` of --dump-config. */
export function isExitWithParentSupported(launch: Launch): boolean {
  // The launcher knows, and loading the addon only to ask would take longer than the rest of the answer.
  return launch.canArm || whyUnsupported() === undefined;
}

function whyUnsupported(): string | undefined {
  let addon: NativeBinding;
  try {
    addon = native();
  } catch (error) {
    return messageOf(error);
  }
  return addon.features.exitWithParent ? undefined : `${process.platform} cannot tell us`;
}
