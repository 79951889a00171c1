import { mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descriptorsOn } from "./descriptors.ts";

/** The prefix of the names of all test folders. The process id of the test follows it. */
export const folderPrefix = "nbdkit-node-test-";

/**
 * A temporary folder. It is removed at the end of the test; folders of killed tests are removed before the
 * next run (`helpers/remove-left-folders.ts`).
 */
export class Folder {
  readonly path: string;

  constructor(parent: string = tmpdir()) {
    this.path = realpathSync(mkdtempSync(join(parent, `${folderPrefix}${process.pid}-`)));
  }

  /** Creates a sparse file of zeroes in the folder and returns its path. */
  sparseFile(name: string, size: number): string {
    const path = join(this.path, name);
    writeFileSync(path, "");
    truncateSync(path, size);
    return path;
  }

  /** Creates a file with these bytes in the folder and returns its path. */
  file(name: string, bytes: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, bytes);
    return path;
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** The number of descriptors of this process that are open on files in the folder (Linux). */
  descriptors(): number {
    return descriptorsOn(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
