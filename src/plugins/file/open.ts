import { constants, open as openFile, type Stats, stat, writeSync } from "node:fs";
import { promisify } from "node:util";
import { failure } from "../../contract/failure.ts";
import { NbdError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { isDisk } from "../../descriptor/geometry.ts";
import type { Source } from "./source.ts";

/** An open file. */
export interface Opened {
  readonly fd: number;
  /** Names the file in errors. For dir= it is the export name, so that a client does not learn the path. */
  readonly name: string;
  readonly writable: boolean;
  /** The plugin must close the descriptor. False for a descriptor that the user passed with fd=. */
  readonly owned: boolean;
}

/** Opens the file that a client asked for. It is opened for writing if the client and the file allow it. */
export async function openSource(
  source: Source,
  exportName: string,
  readOnly: boolean,
  log: Log,
): Promise<Opened> {
  if (source.kind === "descriptor") {
    const { fd } = source;
    return { fd, name: `fd=${fd}`, writable: !readOnly && isWritable(fd), owned: false };
  }
  if (source.kind === "file") return openPath(source.path, source.path, readOnly, log);
  checkExportName(exportName);
  return openPath(`${source.path}/${exportName}`, exportName, readOnly, log);
}

/** Refuses names that lead out of the directory. Clients can open only files directly in the directory. */
function checkExportName(name: string): void {
  if (name === "") {
    throw new NbdError("ENOENT", 'the default export ("") is not a file: ask for one by its name');
  }
  if (name.includes("/")) throw new NbdError("EINVAL", "exportname cannot contain /");
  if (name === "." || name === ".." || name.includes("\0")) {
    throw new NbdError("EINVAL", `file is not regular or block device: ${JSON.stringify(name)}`);
  }
}

/**
 * Opens a path.
 * @param label the name of the file in error messages. For dir= it is the export name, so that a client does
 * not learn the path of the directory
 */
async function openPath(path: string, label: string, readOnly: boolean, log: Log): Promise<Opened> {
  // Check the type before opening: open() of a pipe can block forever.
  const stats = await promisify<string, Stats>(stat)(path).catch((error) => {
    throw failure("open", label, error);
  });
  if (!isDisk(stats)) throw new NbdError("EINVAL", `file is not regular or block device: ${label}`);
  const reading = (): Promise<Opened> => openWith(path, label, false);
  if (readOnly) return reading();
  return openWith(path, label, true).catch((error: NbdError) => {
    if (!["EACCES", "EPERM", "EROFS"].includes(error.code)) throw error;
    if (log.verbose) log.debug(`${error.message}: opening it read-only`);
    return reading();
  });
}

async function openWith(path: string, label: string, writable: boolean): Promise<Opened> {
  const flags = (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NOCTTY;
  try {
    const fd = await promisify(openFile)(path, flags);
    // Check again: Linux opens a read-only block device for writing without an error.
    return { fd, name: label, writable: writable && isWritable(fd), owned: true };
  } catch (error) {
    throw failure("open", label, error);
  }
}

/**
 * Checks write permission with a write of 0 bytes. It fails if and only if a longer write is not permitted.
 */
function isWritable(fd: number): boolean {
  try {
    writeSync(fd, new Uint8Array(0), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
