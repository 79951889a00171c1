import { createReadStream, createWriteStream, fstatSync, fsync } from "node:fs";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { StreamDestination } from "./streams.ts";

/** Standard input, whatever it is, from where it stands. */
export function standardInput(): Readable {
  if (isStreamOfNode(0)) return process.stdin;
  return createReadStream("", { fd: 0, autoClose: false, highWaterMark: 256 * 1024 });
}

/** Standard output, whatever it is, from where it stands. */
export function standardOutput(): StreamDestination {
  const name = "standard output";
  if (isStreamOfNode(1)) return new StreamDestination(process.stdout, name);
  const output = createWriteStream("", { fd: 1, autoClose: false });
  return new StreamDestination(output, name, () => promisify(fsync)(1));
}

/** Node.js takes a block device or a folder for an empty input, and throws away what is written to one. */
function isStreamOfNode(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket() || isatty(fd);
}
