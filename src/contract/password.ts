import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { isatty } from "node:tty";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/**
 * Reads a secret that need not be on the command line (nbdkit_read_password(3)): `-` asks on the terminal,
 * `+FILE` is the first line of a file, `-FD` is the first line from an inherited descriptor (3 or more), and
 * any other value is the secret itself. Errors never contain the value.
 *
 * @param key name of the parameter, for the prompt and errors
 * @param value the text of the parameter
 * @throws NbdError EINVAL, ENOTTY without a terminal, EINTR when the user gives no password, or the error of
 *   reading
 */
export function readPassword(key: string, value: string): string {
  if (value === "-") return askOnTerminal(key);
  if (value.startsWith("+")) return firstLine(readFileSync(value.slice(1), "utf8"));
  const fd = /^-(\d+)$/.exec(value)?.[1];
  return fd === undefined ? value : readFromDescriptor(key, Number(fd));
}

function readFromDescriptor(key: string, fd: number): string {
  if (fd <= 2)
    throw new NbdError("EINVAL", `cannot use ${key}=-${fd}: 0, 1 and 2 are stdin, stdout and stderr`);
  try {
    const text = readFileSync(fd, "utf8");
    closeSync(fd);
    return firstLine(text);
  } catch (error) {
    throw new NbdError(codeOf(error), `cannot read ${key}=-${fd}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads the answer from the terminal itself and prompts on stderr: stdin and stdout may carry data. */
function askOnTerminal(key: string): string {
  if (!isatty(0)) {
    throw new NbdError(
      "ENOTTY",
      `${key}=-: stdin is not a terminal: use ${key}=+FILE or ${key}=-FD to pass it by file`,
    );
  }
  const terminal = openSync("/dev/tty", "r");
  // As the types of Node say, stdin may be any stream; `isatty` has just said that it is a terminal.
  const echo = process.stdin as NodeJS.ReadStream;
  echo.setRawMode(true);
  // Prompt after switching the echo off, because the user may type as soon as the prompt is visible.
  process.stderr.write(`password for ${key}: `);
  try {
    return readTyped(terminal);
  } finally {
    echo.setRawMode(false);
    echo.pause();
    closeSync(terminal);
    process.stderr.write("\n");
  }
}

/**
 * Reads a line in raw mode. Raw mode hides the typed characters and disables line editing, so this function
 * handles erasing and Ctrl-C.
 */
function readTyped(terminal: number): string {
  const key = Buffer.alloc(1);
  const typed: number[] = [];
  while (readSync(terminal, key) === 1) {
    const code = key.readUInt8(0);
    if (code === 3 || code === 4) throw new NbdError("EINTR", "no password was given");
    if (code === 10 || code === 13) break;
    if (code === 21) typed.length = 0;
    else if (code === 8 || code === 127) eraseLetter(typed);
    else typed.push(code);
  }
  return Buffer.from(typed).toString();
}

/** Removes the last character: in UTF-8 all its bytes but the first begin with the bits 10. */
function eraseLetter(typed: number[]): void {
  while ((typed.pop() ?? 0) >> 6 === 2);
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n", 1);
  return line;
}
