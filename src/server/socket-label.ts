import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/** Here a thread tells the kernel what to call the sockets that it opens (setsockcreatecon(3)). */
const labelOfSockets = "/proc/thread-self/attr/sockcreate";

/** Where the kernel shows SELinux, when it is in force. */
const selinuxFolder = "/sys/fs/selinux";

/**
 * Opens a socket that bears an SELinux label (nbdkit(1), "--selinux-label"); sockets that are opened later do not.
 * @param attribute where labels go, for tests
 * @throws NbdError where there is no SELinux, or it does not know or allow the label; what `open` throws
 */
export function labelled<T>(label: string | undefined, open: () => T, attribute: string = labelOfSockets): T {
  if (label === undefined) return open();
  try {
    writeLabel(attribute, `${label}\0`);
  } catch (error) {
    const reason = existsSync(selinuxFolder)
      ? messageOf(error)
      : "this system has no SELinux, or not switched on";
    throw new NbdError(codeOf(error), `--selinux-label=${label}: ${reason}`, { cause: error, retold: true });
  }
  try {
    return open();
  } finally {
    // The kernel's word for none.
    writeLabel(attribute, "\n");
  }
}

/** In one write, which is what the kernel takes for a label. */
function writeLabel(attribute: string, text: string): void {
  const fd = openSync(attribute, "r+");
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
