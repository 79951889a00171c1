import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { failure } from "../../contract/failure.ts";
import { codeOf } from "../../core/errors.ts";
import type { Event } from "./event.ts";

/** exit-when-file-created: a file exists and is readable. */
export function fileCreated(path: string): Event {
  return {
    description: `exit-when-file-created: detected ${path} created`,
    happened: () =>
      access(path, constants.R_OK).then(
        () => true,
        () => false,
      ),
  };
}

/** exit-when-file-deleted: the file does not exist any more. */
export function fileDeleted(path: string): Event {
  return {
    description: `exit-when-file-deleted: detected ${path} deleted`,
    happened: () =>
      access(path, constants.R_OK).then(
        () => false,
        (error) => {
          if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return true;
          throw failure("exit-when-file-deleted: access", path, error);
        },
      ),
  };
}
