import { closeSync, openSync, readSync } from "node:fs";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { native } from "../native/load.ts";

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
  if (value.startsWith("+")) return firstLine(openSync(value.slice(1), "r"));
  const fd = /^-(\d+)$/.exec(value)?.[1];
  return fd === undefined ? value : readFromDescriptor(key, Number(fd));
}

function readFromDescriptor(key: string, fd: number): string {
  if (fd <= 2)
    throw new NbdError("EINVAL", `cannot use ${key}=-${fd}: 0, 1 and 2 are stdin, stdout and stderr`);
  try {
    return firstLine(fd);
  } catch (error) {
    throw new NbdError(codeOf(error), `cannot read ${key}=-${fd}: ${messageOf(error)}`, { cause: error });
  }
}

/** Terminals deliver lines of at most 4095 bytes. */
const lineBytesMax = 4096;

/** Uses the terminal of the process, because stdin and stdout may carry data. */
function askOnTerminal(key: string): string {
  const line = Buffer.alloc(lineBytesMax);
  const length = typedLength(key, line);
  if (length < 0) throw new NbdError("EINTR", `${key}=-: no password was given`);
  const answer = line.toString("utf8", 0, length);
  line.fill(0);
  return answer;
}

/** @returns -1 when the user gave no password */
function typedLength(key: string, line: Buffer): number {
  try {
    return native().askOnTerminal(`password for ${key}: `, line);
  } catch (error) {
    if (codeOf(error) === "EINTR") return -1;
    throw new NbdError(
      "ENOTTY",
      `${key}=-: no terminal to ask on: use ${key}=+FILE or ${key}=-FD to pass it by file`,
      { cause: error, retold: true },
    );
  }
}

/** Reads up to the first newline, because a pipe may stay open behind it. Closes the descriptor. */
function firstLine(fd: number): string {
  const bytes: number[] = [];
  const byte = Buffer.alloc(1);
  try {
    while (readSync(fd, byte) === 1 && byte[0] !== newline) bytes.push(...byte);
  } finally {
    closeSync(fd);
  }
  return Buffer.from(bytes).toString();
}

const newline = 10;
