import { fstatSync, type Stats, statSync } from "node:fs";
import { failure } from "../../contract/failure.ts";
import { realPath } from "../../contract/path.ts";
import { NbdError } from "../../core/errors.ts";
import { isDisk } from "../../descriptor/geometry.ts";

/** The source of the disks. Paths are absolute, because the server may change its working directory later. */
export type Source =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "descriptor"; readonly fd: number };

/** The parameters that name the source. */
export interface SourceValues {
  readonly file?: string | undefined;
  readonly dir?: string | undefined;
  readonly fd?: number | undefined;
  readonly dirfd?: number | undefined;
}

const onlyOnce = "file|dir|fd|dirfd parameter can only appear once on the command line";

/** The error message for a command line that names two sources. */
export function givenAgain(key: string): string {
  return `${onlyOnce}: ${key}= was given again: use another server, or dir= for several files`;
}

/**
 * Determines the source from the parameters.
 * @throws NbdError when not exactly one parameter is given, or when its file cannot be served
 */
export function resolveSource({ file, dir, fd, dirfd }: SourceValues): Source {
  const given = Object.entries({ file, dir, fd, dirfd }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.slice(0, 2).map(([key]) => `${key}=`);
    throw new NbdError("EINVAL", `${onlyOnce}: ${names.join(" and ")} cannot be used at the same time`);
  }
  if (file !== undefined) return resolveFile(file);
  if (dir !== undefined) return resolveDirectory(dir);
  if (fd !== undefined) return checkDescriptor(fd);
  if (dirfd !== undefined) return resolveDirectoryDescriptor(dirfd);
  throw new NbdError(
    "EINVAL",
    "you must supply [file=]<FILENAME>, dir=<DIRNAME>, fd=<FD> or dirfd=<FD> parameter after the plugin name on the command line",
  );
}

function resolveFile(name: string): Source {
  const path = realPath(name);
  const stats = statPath(path);
  if (stats.isDirectory()) throw new NbdError("EISDIR", `use dir= to serve files within ${path}`);
  if (!isDisk(stats)) throw new NbdError("EINVAL", `file is not regular or block device: ${path}`);
  return { kind: "file", path };
}

function resolveDirectory(name: string): Source {
  const path = realPath(name);
  if (statPath(path).isDirectory()) return { kind: "directory", path };
  throw new NbdError("ENOTDIR", `expecting a directory: ${path}: use file= to serve a single file`);
}

function checkDescriptor(fd: number): Source {
  const stats = statDescriptor("fd", fd);
  if (isDisk(stats)) return { kind: "descriptor", fd };
  const hint = stats.isDirectory() ? ": use dirfd= to serve files within it" : "";
  throw new NbdError("EINVAL", `fd is not regular or block device: ${fd}${hint}`);
}

/** Uses the system's path of the open descriptor. It stays valid when the directory is renamed. */
function resolveDirectoryDescriptor(dirfd: number): Source {
  if (!statDescriptor("dirfd", dirfd).isDirectory()) {
    throw new NbdError("ENOTDIR", `dirfd is not a directory: ${dirfd}: use fd= to serve a single file`);
  }
  const folder = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";
  return { kind: "directory", path: `${folder}/${dirfd}` };
}

function statPath(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw failure("stat", path, error);
  }
}

function statDescriptor(key: string, fd: number): Stats {
  try {
    return fstatSync(fd);
  } catch (error) {
    throw failure(`${key}=${fd}`, "not an open descriptor", error);
  }
}
