import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folder that scripts know as $tmpdir: theirs as long as the server lives. */
export class Workspace {
  readonly path: string = mkdtempSync(join(tmpdir(), "nbdkit"));
  readonly #remove = (): void => rmSync(this.path, { recursive: true, force: true });

  constructor() {
    // Also when something ends the process without asking us first.
    process.once("exit", this.#remove);
  }

  remove(): void {
    process.off("exit", this.#remove);
    this.#remove();
  }
}
