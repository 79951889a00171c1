import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { native } from "./load.ts";

/** The addon sees to these, unless the program handles them itself. */
const endingSignals: readonly (string | symbol)[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"];

/** How many folders there are: one listener is for all of them. */
let folders = 0;

/**
 * A folder that only this user can enter, in the folder for temporary files. It is removed with all that is in it by `remove`,
 * and at the latest when the thread or the process ends, however that ends, except by SIGKILL or a crash.
 */
export class TemporaryFolder {
  readonly path: string;
  #folder: number | undefined;

  /** @throws NbdError that names the parent, where no folder can be made in it */
  constructor() {
    const { path, folder } = make();
    this.path = path;
    this.#folder = folder;
    if (folders++ === 0) process.on("removeListener", handlesNoMore);
  }

  /** Doing it twice is harmless. */
  remove(): void {
    if (this.#folder === undefined) return;
    native().removeFolder(this.#folder);
    this.#folder = undefined;
    if (--folders === 0) process.off("removeListener", handlesNoMore);
  }
}

/** What the paths of these folders begin with: absolute, because the program may change its working directory meanwhile. */
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

/** Without a listener of the program, a signal ends the process again. */
function handlesNoMore(name: string | symbol): void {
  if (endingSignals.includes(name) && process.listenerCount(name) === 0) native().removeFoldersOnSignals();
}
