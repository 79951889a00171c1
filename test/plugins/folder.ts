import {
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder that goes away with the test. */
export class Folder {
  readonly path: string;

  constructor(parent: string = tmpdir()) {
    this.path = realpathSync(mkdtempSync(join(parent, "nbdkit-node-test-")));
  }

  /** A file of zeroes in it, sparse; returns its path. */
  sparseFile(name: string, size: number): string {
    const path = join(this.path, name);
    writeFileSync(path, "");
    truncateSync(path, size);
    return path;
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** How many descriptors of this process are open on something in it (Linux). */
  descriptors(): number {
    return readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(this.path);
      } catch {
        return false;
      }
    }).length;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
