import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { NbdError } from "../core/errors.ts";
import { failure } from "./failure.ts";

/**
 * Returns the absolute path of a file that need not exist.
 *
 * @param key name of the parameter, for errors
 * @throws NbdError EINVAL for an empty path
 */
export function absolutePath(name: string, key: string): string {
  if (name !== "") return fullPath(name);
  throw new NbdError("EINVAL", `${key}: cannot resolve an empty path: name a file`);
}

/**
 * Returns the absolute path of a file or folder that exists, since the server may change to another folder
 * before it opens the file (nbdkit_realpath(3)).
 *
 * @throws NbdError with a line for the user
 */
export function realPath(name: string): string {
  if (name === "")
    throw new NbdError("EINVAL", "cannot resolve a null or empty path: name a file or directory");
  try {
    return realpathSync.native(name);
  } catch (error) {
    throw failure("realpath", name, error);
  }
}

/**
 * Returns the absolute path for a name that is relative to the first of `folders`, or to the current
 * directory.
 *
 * @throws NbdError ENOENT for a relative name when the current directory has been removed
 */
export function fullPath(name: string, ...folders: readonly string[]): string {
  try {
    return resolve(...folders, name);
  } catch (error) {
    throw new NbdError(
      "ENOENT",
      `${name}: the current directory has been removed: use an absolute path, or start nbdkit in another directory`,
      { cause: error, retold: true },
    );
  }
}
