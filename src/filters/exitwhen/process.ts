import { closeSync, openSync, readSync } from "node:fs";
import { failure } from "../../contract/failure.ts";
import { codeOf } from "../../core/errors.ts";
import type { Event } from "./event.ts";

const description = "exit-when-process-exits: detected process exit";

/**
 * exit-when-process-exits: a process has exited. It need not be the parent process.
 * @throws NbdError when no process with this PID exists now
 */
export function processExits(pid: number): Event {
  return process.platform === "linux" ? openProcess(pid) : signalledProcess(pid);
}

/** Keeps /proc/PID/stat open: the descriptor refers to this process even after the kernel reuses the PID. */
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
      // EPERM means that the process exists and belongs to another user.
      return codeOf(error) === "ESRCH";
    }
  };
  return { description, happened };
}
