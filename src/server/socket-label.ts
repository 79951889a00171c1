import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/** A thread writes here the SELinux label of the sockets that it opens next (setsockcreatecon(3)). */
const labelOfSockets = "/proc/thread-self/attr/sockcreate";

/** Exists when SELinux is enabled. */
const selinuxFolder = "/sys/fs/selinux";

/**
 * Opens a socket with an SELinux label (nbdkit(1), "--selinux-label"). Sockets that are opened later get no
 * label.
 * @param attribute path that labels are written to; tests replace it
 * @throws NbdError when the system has no SELinux, or SELinux refuses the label; what `open` throws
 */
export function labelled<T>(label: string | undefined, open: () => T, attribute: string = labelOfSockets): T {
  if (label === undefined) return open();
  try {
    writeLabel(attribute, `${label}\0`);
  } catch (error) {
    const reason = existsSync(selinuxFolder)
      ? messageOf(error)
      : "this system has no SELinux, or it is not enabled";
    throw new NbdError(codeOf(error), `--selinux-label=${label}: ${reason}`, { cause: error, retold: true });
  }
  try {
    return open();
  } finally {
    // A newline resets the label (proc(5)).
    writeLabel(attribute, "\n");
  }
}

/** Writes the label with one write(2), as the kernel requires. */
function writeLabel(attribute: string, text: string): void {
  const fd = openSync(attribute, "r+");
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
