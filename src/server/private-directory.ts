import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that only this user can enter, for a socket that only this server's clients should find. */
export class PrivateDirectory {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "nbdkit"));
  }

  get socketPath(): string {
    return join(this.path, "socket");
  }

  /** Synchronous, so that it can also run while the process exits; doing it twice is harmless. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
