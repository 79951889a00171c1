import { type ChildProcess, spawn } from "node:child_process";
import { failure } from "../../contract/failure.ts";
import { NbdError } from "../../core/errors.ts";
import type { Event } from "./event.ts";

/** The exit status of a script when the event has happened. */
const triggered = 88;

/** exit-when-script: a shell script exits with status 88. */
export function scriptSays(script: string): Event {
  let running: ChildProcess | undefined;
  return {
    description: "exit-when-script: detected scripted event",
    happened() {
      // detached: a process group of its own, so that stop() also kills the children of the script. Standard
      // input and output of the server may be the connection to a client (-s), so the script must not use
      // them.
      const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", 2, 2], detached: true });
      running = child;
      return verdict(child).finally(() => {
        running = undefined;
      });
    },
    close: () => stop(running),
  };
}

function verdict(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(failure("exit-when-script", "/bin/sh", error)));
    child.once("exit", (status, signal) => {
      if (status === 0 || status === triggered) resolve(status === triggered);
      else if (status === null) reject(broken(`command was killed by ${signal}`));
      else reject(broken(`command failed with exit code ${status}`));
    });
  });
}

function broken(how: string): NbdError {
  return new NbdError("EIO", `exit-when-script: ${how}: use exit status ${triggered} for yes and 0 for no`);
}

function stop(child: ChildProcess | undefined): void {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // The script has just exited.
  }
}
