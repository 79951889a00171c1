import { mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descriptorsOn } from "./descriptors.ts";

/** How the names of all these folders begin; the number of the process that made it follows. */
export const folderPrefix = "nbdkit-node-test-";

/** A temporary folder that goes away with the test, or before the next run (`helpers/remove-left-folders.ts`). */
export class Folder {
  readonly path: string;

  constructor(parent: string = tmpdir()) {
    this.path = realpathSync(mkdtempSync(join(parent, `${folderPrefix}${process.pid}-`)));
  }

  /** A file of zeroes in it, sparse; returns its path. */
  sparseFile(name: string, size: number): string {
    const path = join(this.path, name);
    writeFileSync(path, "");
    truncateSync(path, size);
    return path;
  }

  /** A file with these bytes; returns its path. */
  file(name: string, bytes: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, bytes);
    return path;
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** How many descriptors of this process are open on something in it (Linux). */
  descriptors(): number {
    return descriptorsOn(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
