import { resolve } from "node:path";
import { NbdError } from "./errors.ts";

/**
 * The absolute path for a name that is relative to the first of `folders`, or to the current directory.
 * @throws NbdError ENOENT for a relative one when the current directory has been removed
 */
export function fullPath(name: string, ...folders: readonly string[]): string {
  try {
    return resolve(...folders, name);
  } catch (error) {
    throw new NbdError(
      "ENOENT",
      `${name}: the current directory has been removed: use an absolute path, or start nbdkit in another directory`,
      { cause: error },
    );
  }
}
