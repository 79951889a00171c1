import { closeSync, constants, openSync, writeSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { logText } from "../core/log-text.ts";
import { writeStderr } from "./stderr.ts";

/** O_NONBLOCK: a FIFO must not block the server, neither without a reader nor with a slow one. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** A file that errors are appended to (--log=/PATH). */
export class LogFile {
  readonly #path: string;
  #fd: number;

  /** @throws NbdError when it cannot be opened */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, flags, 0o666);
    } catch (error) {
      const remedy = codeOf(error) === "ENXIO" ? ": no program reads this FIFO: start its reader first" : "";
      throw new NbdError("EIO", `--log: ${messageOf(error)}${remedy}`, { cause: error });
    }
  }

  /** Writes synchronously, so that the line is in the file even if the process ends right after. */
  write(line: string): void {
    try {
      writeSync(this.#fd, line);
    } catch (error) {
      // For example, the disk is full: write to stderr instead.
      writeStderr(`${logText(`nbdkit: error: --log: ${messageOf(error)}`)}\n${line}`);
    }
  }

  /** Opens the file again, after log rotation has renamed it. */
  reopen(): void {
    try {
      const fd = openSync(this.#path, flags, 0o666);
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      const problem = `cannot reopen the file, still writing to the old one: ${messageOf(error)}`;
      this.write(`${logText(`nbdkit: error: --log: ${problem}`)}\n`);
    }
  }
}
