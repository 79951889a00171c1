import type * as Inspector from "node:inspector";
import { createRequire } from "node:module";

/** What native/debugger.h and bin/nbdkit give to Node where its debugger is not wanted: it cannot start then. */
const cannotStart = /^--inspect-port=\[ff00::\]/;

/** As native/debugger.cc: an option that opens the debugger, and not one for its port. */
const asks = /--inspect(?:[-_](?:brk|wait)|[=\s]|$)/;

/** A thread of Node that got the signal before our first line may not have run yet. Milliseconds. */
const laterLooksMs = [100, 1000];

/**
 * Node's debugger lets every user of this machine run code in this process, and SIGUSR1 opens it. From here on the signal
 * ends the process, as it ends other programs; what it has opened before is closed. Call it first of all.
 */
export function refuseDebugger(): void {
  process.once("SIGUSR1", () => process.kill(process.pid, "SIGUSR1"));
  if (!isAskedFor() || isStartedByAnother()) closeDebugger();
}

/** Also one that was asked for: a server that becomes another user has none. */
export function closeDebugger(): void {
  if (process.execArgv.some((argument) => cannotStart.test(argument))) return;
  // Loading it takes a millisecond, and most often the launcher has made it needless.
  const inspector = createRequire(import.meta.url)("node:inspector") as typeof Inspector;
  const close = (): void => {
    if (inspector.url() !== undefined) inspector.close();
  };
  close();
  // Node opens it once more in the first iteration of the event loop, between the timers and this.
  setImmediate(close).unref();
  for (const delayMs of laterLooksMs) setTimeout(close, delayMs).unref();
}

function isAskedFor(): boolean {
  return [process.env.NODE_OPTIONS ?? "", ...process.execArgv].some((text) => asks.test(text));
}

/** sudo(8), pkexec(1) and doas(1) say for whom they run something as root. */
function isStartedByAnother(): boolean {
  const { SUDO_UID, PKEXEC_UID, DOAS_USER } = process.env;
  if (process.geteuid?.() !== process.getuid?.()) return true;
  return (
    process.geteuid?.() === 0 && ((SUDO_UID ?? PKEXEC_UID ?? "0") !== "0" || (DOAS_USER ?? "root") !== "root")
  );
}
