import { closeSync, constants, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** How often to look whether a program reads a FIFO now, of which no event tells. */
const lookMs = 50;

/**
 * Writes our process id; by then clients can connect, so scripts may wait for it. Into a FIFO it is written when a
 * program reads there, and the server need not wait for that: `nbdkit -P fifo ... && cat fifo`.
 * @throws NbdError with one line
 */
export function writePidfile(name: string, log: Log): void {
  // The server may be in another directory when a FIFO has a reader.
  const path = resolve(name);
  try {
    if (isFifo(path)) writeFifo(path, log);
    // Left behind at exit, as nbdkit leaves it: supervisors read it after a crash.
    else writeFileSync(path, line(), { mode: 0o644 });
  } catch (error) {
    throw new NbdError("EIO", `cannot write the pidfile: ${messageOf(error)}`, { cause: error });
  }
}

function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** Not through the thread pool, where opening it would wait, and keep the process from ending. */
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

/** @returns false as long as no program reads there */
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
    // ENXIO: there is no reader. EPIPE: it has just left.
    if (["ENXIO", "EPIPE"].includes(codeOf(error))) return false;
    throw error;
  }
}

function line(): string {
  return `${process.pid}\n`;
}
