import type * as Inspector from "node:inspector";
import { createRequire } from "node:module";

/**
 * The option by which native/launcher/debugger.h and bin/nbdkit disable Node's debugger: an address on which it cannot
 * listen.
 */
const cannotStart = /^--inspect-port=\[ff00::\]/;

/**
 * Matches an option that opens the debugger, but not an option that sets only its port (as
 * native/launcher/debugger.cc).
 */
const openOption = /--inspect(?:[-_](?:brk|wait)|[=\s]|$)/;

/**
 * Delays in ms. Node's signal thread may open the debugger late, for a SIGUSR1 that arrived before our first
 * line.
 */
const laterLooksMs = [100, 1000];

/**
 * Disables Node's debugger, which SIGUSR1 opens, and which lets every user of this machine run code in this
 * process. From here on SIGUSR1 ends the process, as in other programs. A debugger that is open already is
 * closed. Call it first.
 */
export function refuseDebugger(): void {
  process.once("SIGUSR1", () => process.kill(process.pid, "SIGUSR1"));
  if (!isAskedFor() || isStartedByAnother()) closeDebugger();
}

/** Closes the debugger, also one that the user asked for: a server that changes its user must have none. */
export function closeDebugger(): void {
  if (process.execArgv.some((argument) => cannotStart.test(argument))) return;
  // Load it late: loading takes a millisecond, and the launcher has usually disabled the debugger.
  const inspector = createRequire(import.meta.url)("node:inspector") as typeof Inspector;
  const close = (): void => {
    if (inspector.url() !== undefined) inspector.close();
  };
  close();
  // Node opens it again in the first event-loop iteration, after the timers and before setImmediate.
  setImmediate(close).unref();
  for (const delayMs of laterLooksMs) setTimeout(close, delayMs).unref();
}

function isAskedFor(): boolean {
  return [process.env.NODE_OPTIONS ?? "", ...process.execArgv].some((text) => openOption.test(text));
}

/**
 * True when another user started this process as root: setuid, or the variables of sudo(8), pkexec(1) and
 * doas(1).
 */
function isStartedByAnother(): boolean {
  const { SUDO_UID, PKEXEC_UID, DOAS_USER } = process.env;
  if (process.geteuid?.() !== process.getuid?.()) return true;
  return (
    process.geteuid?.() === 0 && ((SUDO_UID ?? PKEXEC_UID ?? "0") !== "0" || (DOAS_USER ?? "root") !== "root")
  );
}
