import type { Handle } from "../contract/handle.ts";
import { must } from "../core/assert.ts";
import { NbdError } from "../core/errors.ts";

/** What a filter keeps for a disk and all its clients, such as the blocks of a cache, locks or counters. */
export interface Kept {
  /** Nothing is lost without it, so the filter can drop it when the last client has disconnected. */
  readonly isUnused: boolean;
  /** Called when the server stops. */
  close(): void;
}

interface Shared<T> {
  readonly kept: T;
  /** bytes */
  readonly size: bigint;
  clients: number;
}

/**
 * Keeps something for each export or disk, from its first client to the end of the server. In contrast, the
 * state of `open` belongs to one connection, and that of `configComplete` to all exports, which may be
 * different disks.
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

  /** @param create makes what is kept for a disk, when its first client opens it */
  constructor(create: (disk: Handle) => T) {
    this.#create = create;
  }

  /**
   * Returns what is kept for a disk. Call `enter` once and {@link leave} once for each client.
   *
   * @param key distinguishes exports or disks: `next.identity`, or else the name of the export
   * @param disk the layer below, as the client has opened it
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
   * Counts a client out. Drops what is kept when no client uses it and `isUnused` is true, so that clients
   * that try many export names use no memory.
   *
   * @param key the key that `enter` was called with
   */
  leave(key: string): void {
    const shared = must(this.#shared.get(key));
    shared.clients--;
    if (shared.clients === 0 && shared.kept.isUnused) this.#shared.delete(key);
  }

  /** Closes everything that is kept. Call it in `unload`, when the server stops. */
  close(): void {
    for (const { kept } of this.#shared.values()) kept.close();
  }
}
