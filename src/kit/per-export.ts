import type { Handle } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";

/** What a filter keeps of a disk for all its clients: blocks of a cache, locks, counters. */
export interface Kept {
  /** Nothing would be lost without it, so that it is forgotten when its last client has gone. */
  readonly isUnused: boolean;
  /** The server stops. */
  close(): void;
}

interface Shared<T> {
  readonly kept: T;
  /** bytes */
  readonly size: bigint;
  clients: number;
}

/**
 * Keeps something for each export, or each disk, from its first client to the end of the server. State in `open` is that of one
 * connection, and state in `configComplete` that of all exports, which may be different disks.
 *
 * ```ts
 * configComplete: () => ({ caches: new PerExport(({ size }) => new Cache(size)) }),
 * open(next, { caches }, { exportName }) {
 *   const key = next.identity ?? exportName;
 *   const cache = caches.enter(key, next);
 *   return { ...changesOf(cache, next), close: () => caches.leave(key) };
 * },
 * unload: ({ caches }) => caches.close(),
 * ```
 */
export class PerExport<T extends Kept> {
  readonly #shared: Map<string, Shared<T>> = new Map();
  readonly #create: (disk: Handle) => T;

  /** @param create makes what is kept of a disk, for its first client */
  constructor(create: (disk: Handle) => T) {
    this.#create = create;
  }

  /**
   * Each client enters once and leaves once.
   * @param key what tells exports or disks apart: `next.identity`, or else the name of the export
   * @param disk the layer below, as the client has opened it
   * @returns what is kept of the disk
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

  /**
   * What is not used is forgotten, so that clients that try names take no memory.
   * @param key with which the client entered
   */
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
