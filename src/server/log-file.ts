import { closeSync, constants, openSync, writeSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { logText } from "../core/log-text.ts";
import { writeStderr } from "./stderr.ts";

/** A FIFO must not make the server wait, neither for a reader nor for a reader that is slow. */
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

  /** Synchronous, so that a line is out before the process ends for whatever reason. */
  write(line: string): void {
    try {
      writeSync(this.#fd, line);
    } catch (error) {
      // The disk is full, say. stderr is the last place to try.
      writeStderr(`${logText(`nbdkit: error: --log: ${messageOf(error)}`)}\n${line}`);
    }
  }

  /** After the file was moved aside, what follows goes to a new one under its name. */
  reopen(): void {
    try {
      const fd = openSync(this.#path, flags, 0o666);
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      const problem = `cannot open it anew, going on with the old one: ${messageOf(error)}`;
      this.write(`${logText(`nbdkit: error: --log: ${problem}`)}\n`);
    }
  }
}
