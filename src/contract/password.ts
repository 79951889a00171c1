import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { isatty } from "node:tty";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/**
 * A secret that need not stand on the command line (nbdkit_read_password(3)): `-` asks on the terminal, `+FILE` is the
 * first line of a file, `-FD` the first line from an inherited descriptor (3 or more); anything else
 * is the secret itself. Errors never repeat the value.
 * @param key the parameter, for the prompt and errors
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

/** The prompt and the answer go through the terminal itself, so that stdout stays the program's. */
function askOnTerminal(key: string): string {
  if (!isatty(0)) {
    throw new NbdError(
      "ENOTTY",
      `${key}=-: stdin is not a terminal: use ${key}=+FILE or ${key}=-FD to pass it by file`,
    );
  }
  const terminal = openSync("/dev/tty", "r");
  const echo = process.stdin as NodeJS.ReadStream;
  echo.setRawMode(true);
  // Only now, because whoever sees it may type at once.
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

/** Raw mode hides what is typed, and leaves editing to us. */
function readTyped(terminal: number): string {
  const key = Buffer.alloc(1);
  const typed: number[] = [];
  while (readSync(terminal, key) === 1) {
    const code = key[0]!;
    if (code === 3 || code === 4) throw new NbdError("EINTR", "no password was given");
    if (code === 10 || code === 13) break;
    if (code === 21) typed.length = 0;
    else if (code === 8 || code === 127) eraseLetter(typed);
    else typed.push(code);
  }
  return Buffer.from(typed).toString();
}

/** In UTF-8 all bytes of a letter but the first begin with the bits 10. */
function eraseLetter(typed: number[]): void {
  while ((typed.pop() ?? 0) >> 6 === 2);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
