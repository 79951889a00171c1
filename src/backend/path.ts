import { realpathSync } from "node:fs";
import { NbdError } from "../core/errors.ts";
import { fullPath } from "../core/full-path.ts";
import { failure } from "./failure.ts";

/**
 * The absolute path of a file that need not exist.
 * @param key names the parameter in errors
 * @throws NbdError EINVAL for no path at all
 */
export function absolutePath(name: string, key: string): string {
  if (name !== "") return fullPath(name);
  throw new NbdError("EINVAL", `${key}: cannot resolve an empty path: name a file`);
}

/**
 * The absolute path of a file or folder that exists, since the server may change to another folder before it opens
 * it (nbdkit_realpath(3)).
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
