import { NbdError } from "../core/errors.ts";
import type { Handle } from "./handle.ts";

/** What a filter keeps of a disk for all its clients. */
export interface Kept {
  /** Nothing would be lost without it. */
  readonly isUnused: boolean;
  close(): void;
}

interface Shared<T> {
  readonly kept: T;
  /** bytes */
  readonly size: bigint;
  clients: number;
}

/** Keeps something for each export, or each disk, from its first client to the end of the server. */
export class PerExport<T extends Kept> {
  readonly #shared: Map<string, Shared<T>> = new Map();
  readonly #create: (disk: Handle) => T;

  constructor(create: (disk: Handle) => T) {
    this.#create = create;
  }

  /**
   * Each client enters once and leaves once.
   * @param key what tells exports or disks apart
   * @throws NbdError EINVAL when the disk has another size than before
   */
  enter(key: string, disk: Handle): T {
    const { size } = disk;
    const shared = this.#shared.get(key) ?? { kept: this.#create(disk), size, clients: 0 };
    if (shared.size !== size) {
      throw new NbdError(
        "EINVAL",
        `the disk was ${shared.size} bytes long and is ${size} now, but what is kept of it is for the old size: restart the server`,
      );
    }
    shared.clients++;
    this.#shared.set(key, shared);
    return shared.kept;
  }

  /** What nobody needs is forgotten, so that clients who try names take no memory. */
  leave(key: string): void {
    const shared = this.#shared.get(key)!;
    shared.clients--;
    if (shared.clients === 0 && shared.kept.isUnused) this.#shared.delete(key);
  }

  /** The server stops. */
  close(): void {
    for (const { kept } of this.#shared.values()) kept.close();
  }
}
