import { closeSync, openSync, readSync } from "node:fs";
import { failure } from "../../contract/failure.ts";
import { codeOf } from "../../core/errors.ts";
import type { Event } from "./event.ts";

const description = "exit-when-process-exits: detected process exit";

/**
 * exit-when-process-exits: a process, which need not be our parent, is no more.
 * @throws NbdError when there is no such process now
 */
export function processExits(pid: number): Event {
  return process.platform === "linux" ? openProcess(pid) : signalledProcess(pid);
}

/** The open file stays that of this very process, also when its number is given to another one. */
function openProcess(pid: number): Event {
  const path = `/proc/${pid}/stat`;
  const fd = open(path);
  return {
    description,
    happened() {
      try {
        readSync(fd, Buffer.alloc(1), 0, 1, 0);
        return false;
      } catch (error) {
        if (codeOf(error) === "ESRCH") return true;
        throw failure("exit-when-process-exits: read", path, error);
      }
    },
    close: () => closeSync(fd),
  };
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw failure("exit-when-process-exits", path, error);
  }
}

function signalledProcess(pid: number): Event {
  const happened = (): boolean => {
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      // EPERM: it is somebody else's, and there.
      return codeOf(error) === "ESRCH";
    }
  };
  return { description, happened };
}
