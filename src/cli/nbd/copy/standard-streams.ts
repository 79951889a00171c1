import { createReadStream, createWriteStream, fstatSync, fsync } from "node:fs";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { StreamDestination } from "./streams.ts";

/** Reads standard input of any type from its current position. */
export function standardInput(): Readable {
  if (isStreamOfNode(0)) return process.stdin;
  return createReadStream("", { fd: 0, autoClose: false, highWaterMark: 256 * 1024 });
}

/** Writes to standard output of any type from its current position. */
export function standardOutput(): StreamDestination {
  const name = "standard output";
  if (isStreamOfNode(1)) return new StreamDestination(process.stdout, name);
  const output = createWriteStream("", { fd: 1, autoClose: false });
  return new StreamDestination(output, name, () => promisify(fsync)(1));
}

/**
 * Returns whether process.stdin or process.stdout supports the descriptor. They do not support block devices
 * and folders: Node.js reads these as empty input, and discards data written to them.
 */
function isStreamOfNode(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket() || isatty(fd);
}
