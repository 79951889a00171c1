import { closeSync, constants, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** Poll interval for a reader of a FIFO: no event reports one. */
const lookMs = 50;

/**
 * Writes our process id. Clients can connect by then, so scripts may wait for the file. A FIFO is written
 * when a reader opens it, and the server does not wait for the reader: `nbdkit -P fifo ... && cat fifo`.
 * @throws NbdError with one line
 */
export function writePidfile(name: string, log: Log): void {
  // Make the path absolute: the working directory may have changed when a FIFO gets its reader.
  const path = resolve(name);
  try {
    if (isFifo(path)) writeFifo(path, log);
    // The file stays after exit, as with nbdkit: supervisors read it after a crash.
    else writeFileSync(path, line(), { mode: 0o644 });
  } catch (error) {
    throw new NbdError("EIO", `cannot write the pidfile: ${messageOf(error)}`, { cause: error });
  }
}

function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** Polls with O_NONBLOCK: a blocking open on the thread pool would keep the process from ending. */
function writeFifo(path: string, log: Log): void {
  if (wroteFifo(path)) return;
  const again = setInterval(() => {
    try {
      if (wroteFifo(path)) clearInterval(again);
    } catch (error) {
      clearInterval(again);
      log.error(`cannot write the pidfile: ${messageOf(error)}`);
    }
  }, lookMs).unref();
}

/** @returns false while the FIFO has no reader */
function wroteFifo(path: string): boolean {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, line());
      return true;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // ENXIO: there is no reader. EPIPE: the reader has just closed the FIFO.
    if (["ENXIO", "EPIPE"].includes(codeOf(error))) return false;
    throw error;
  }
}

function line(): string {
  return `${process.pid}\n`;
}
