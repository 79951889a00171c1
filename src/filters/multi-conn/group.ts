import type { Handle, HandleChanges } from "../../contract/handle.ts";
import type { OpenRequest } from "../../contract/plugin.ts";
import { afterwards } from "../../core/maybe-promise.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { intercept, type Operation } from "../../kit/intercept.ts";
import { Connection, type Mode } from "./connection.ts";

// A flush may be left out only when it would change nothing. To know that, the group numbers all changes of
// the disk.
//
// - A write gets its number when it has completed: a flush promises nothing about a write that is still
//   running, so the next flush has to cover that write.
// - A flush covers the changes that had a number when it began, and only once it has succeeded. A second
//   flush that arrives meanwhile is passed on; answered at once, it would promise what the first one may
//   still fail to do.
// - A connection that disconnects without a flush leaves its changes to the flushes of the other connections.

export type Tracking = "connection" | "fast" | "off";

/** Connections to the same disk. */
export class Group {
  readonly #tracking: Tracking;
  readonly #connections = new Set<Connection>();
  /** The number of the last change. */
  #changes = 0;
  /** Changes up to this number need no flush of any connection. */
  #flushed = 0;

  constructor(tracking: Tracking) {
    this.#tracking = tracking;
  }

  /** The group has no connections and no unflushed changes, so it can be dropped. */
  get isUnused(): boolean {
    return this.#connections.size === 0 && this.#flushed === this.#changes;
  }

  join(next: Handle, mode: Mode, request: OpenRequest): HandleChanges {
    const announced = mode === "plugin" ? {} : { multiConn: mode !== "disable" };
    const passes = mode !== "emulate" && this.#tracking === "off";
    return passes ? announced : { ...this.#tracked(next, mode, request), ...announced };
  }

  #tracked(next: Handle, mode: Mode, request: OpenRequest): HandleChanges {
    const connection = new Connection(next, mode);
    this.#connections.add(connection);
    const changes = intercept(next, request, (operation, perform) => {
      if (isRead(operation)) connection.read = true;
      if (!isChange(operation)) return perform();
      return afterwards(perform, () => this.#changed(connection));
    });
    return {
      ...changes,
      flush:
        next.flush && (() => (mode === "emulate" ? this.#flushAll(connection) : this.#flush(connection))),
      // A flush after the request reaches the other connections too.
      ...(mode === "emulate" ? { nativeFua: false, fuaByFlushing: changes.nativeFua } : {}),
      ...this.#shortcuts(next, connection),
      close: () => this.#leave(connection),
    };
  }

  #shortcuts(next: Handle, connection: Connection): HandleChanges {
    const { readNow, writeNow } = applyChanges(next, {});
    return {
      readNow:
        readNow &&
        ((...part) => {
          connection.read = true;
          return readNow(...part);
        }),
      writeNow:
        writeNow &&
        ((...part) => {
          // Count the change even when the write fails: it may have written a part.
          this.#changed(connection);
          return writeNow(...part);
        }),
    };
  }

  #changed(connection: Connection): void {
    connection.wrote = ++this.#changes;
  }

  /** Flushes all connections on behalf of one. */
  async #flushAll(asking: Connection): Promise<void> {
    const covered = this.#changes;
    const isDue = (connection: Connection): boolean => this.#tracking === "off" || this.#isDue(connection);
    const isDirty = (connection: Connection): boolean =>
      this.#tracking === "connection" ? this.#hasWritten(connection) : isDue(connection);
    const dirty = [...this.#connections].filter(isDirty);
    const errors = await flushEach(dirty);
    // Connections that have read come last: until all writers are flushed, they could read old data again.
    const stale = [...this.#connections].filter((connection) => connection.read && this.#flushed < covered);
    errors.push(...(await flushEach(stale)));
    // The connection that wrote may have disconnected.
    if (dirty.length + stale.length === 0 && isDue(asking)) errors.push(...(await flushEach([asking])));
    if (errors.length > 0) throw errors[0];
    this.#cover(covered);
  }

  async #flush(connection: Connection): Promise<void> {
    if (!this.#isDue(connection)) return;
    const covered = this.#changes;
    const hasWritten = this.#hasWritten(connection);
    await connection.flush();
    if (this.#tracking === "fast" || [...this.#connections].every(({ isConsistent }) => isConsistent)) {
      this.#cover(covered);
    } else {
      connection.flushed = Math.max(connection.flushed, covered);
      if (hasWritten) this.#appeared(connection);
    }
  }

  /**
   * Counts a new change: a flush moved cached writes to the disk, and the other connections may cache old
   * data.
   */
  #appeared(connection: Connection): void {
    const knowsAll = connection.flushed === this.#changes;
    this.#changes++;
    if (knowsAll) connection.flushed = this.#changes;
  }

  async #leave(connection: Connection): Promise<void> {
    this.#connections.delete(connection);
    await connection.idle;
    if (this.#hasWritten(connection)) this.#changes++;
    else if (this.#connections.size === 0 && !this.#isDue(connection)) this.#cover(this.#changes);
  }

  #cover(changes: number): void {
    this.#flushed = Math.max(this.#flushed, changes);
  }

  #isDue({ flushed }: Connection): boolean {
    return Math.max(flushed, this.#flushed) < this.#changes;
  }

  #hasWritten({ wrote, flushed }: Connection): boolean {
    return wrote > Math.max(flushed, this.#flushed);
  }
}

function isRead({ kind }: Operation): boolean {
  return kind === "read" || kind === "cache";
}

function isChange({ kind }: Operation): boolean {
  return kind === "write" || kind === "trim" || kind === "zero";
}

/**
 * Flushes one connection after the other, because the plugin may not support parallel requests. Continues
 * after an error, so that the data of the other connections is safe.
 */
async function flushEach(connections: readonly Connection[]): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (const connection of connections) await connection.flush().catch((error) => errors.push(error));
  return errors;
}
