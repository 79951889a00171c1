import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { native } from "./load.ts";

/** Signals on which the addon removes folders, unless the program handles them. */
const endingSignals: readonly (string | symbol)[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"];

/** The number of folders: they share one listener. */
let folders = 0;

/**
 * A folder of mode 0700 in the folder for temporary files. `remove` removes it with its contents. At the
 * latest, it is removed when the thread or the process ends, except by SIGKILL or a crash.
 */
export class TemporaryFolder {
  readonly path: string;
  #folder: number | undefined;

  /** @throws NbdError that names the parent folder, when no folder can be made in it */
  constructor() {
    const { path, folder } = make();
    this.path = path;
    this.#folder = folder;
    if (folders++ === 0) process.on("removeListener", handlesNoMore);
  }

  /** Removes the folder. Further calls do nothing. */
  remove(): void {
    if (this.#folder === undefined) return;
    native().removeFolder(this.#folder);
    this.#folder = undefined;
    if (--folders === 0) process.off("removeListener", handlesNoMore);
  }
}

/** The prefix of these paths: absolute, because the program may change its working directory. */
export function folderPrefix(): string {
  return resolve(tmpdir(), "nbdkit");
}

function make(): { readonly path: string; readonly folder: number } {
  try {
    return native().makeFolder(folderPrefix());
  } catch (error) {
    throw new NbdError(
      codeOf(error),
      `cannot make a folder in ${dirname(folderPrefix())}: ${messageOf(error)}: set TMPDIR to another one`,
      {
        cause: error,
      },
    );
  }
}

/** Restores the addon's signal handling when the program has removed its last listener of a signal. */
function handlesNoMore(name: string | symbol): void {
  if (endingSignals.includes(name) && process.listenerCount(name) === 0) native().removeFoldersOnSignals();
}
