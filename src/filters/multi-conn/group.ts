import { around, type Operation } from "../../backend/around.ts";
import { type HandleChanges, overlay } from "../../backend/filter.ts";
import type { Handle } from "../../backend/handle.ts";
import type { OpenRequest } from "../../backend/plugin.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";

export type Mode = "emulate" | "plugin" | "disable" | "unsafe";
export type Tracking = "connection" | "fast" | "off";

/** One connection, and what it may have in a cache of its own. */
interface Connection {
  readonly next: Handle;
  wrote: boolean;
  read: boolean;
  /** The last flush, which may still go on. It never rejects. */
  flushed: Promise<void>;
}

/** Connections to the same disk. */
export class Group {
  readonly #mode: Mode;
  readonly #tracking: Tracking;
  readonly #connections = new Set<Connection>();
  /** Somebody changed something since everything was flushed. */
  #dirty = false;

  constructor(mode: Mode, tracking: Tracking) {
    this.#mode = mode;
    this.#tracking = tracking;
  }

  get isEmpty(): boolean {
    return this.#connections.size === 0;
  }

  join(next: Handle, request: OpenRequest): HandleChanges {
    const passes = this.#mode !== "emulate" && this.#tracking === "off";
    return passes ? this.#announced : { ...this.#tracked(next, request), ...this.#announced };
  }

  get #announced(): HandleChanges {
    if (this.#mode === "plugin") return {};
    return { multiConn: this.#mode !== "disable" };
  }

  #tracked(next: Handle, request: OpenRequest): HandleChanges {
    const connection: Connection = { next, wrote: false, read: false, flushed: Promise.resolve() };
    this.#connections.add(connection);
    const changes = around(next, request, (operation, perform) => {
      this.#note(connection, operation);
      return perform();
    });
    return {
      ...changes,
      flush: next.flush && (() => this.#flush(connection)),
      // A flush after the request reaches the other connections too.
      ...(this.#mode === "emulate" ? { nativeFua: false } : {}),
      ...this.#noting(connection),
      close: async () => {
        this.#connections.delete(connection);
        await connection.flushed;
      },
    };
  }

  #noting(connection: Connection): HandleChanges {
    const { readNow, writeNow } = overlay(connection.next, {});
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
          connection.wrote = this.#dirty = true;
          return writeNow(...part);
        }),
    };
  }

  #note(connection: Connection, { kind }: Operation): void {
    if (kind === "read" || kind === "cache") connection.read = true;
    else if (kind !== "extents" && kind !== "flush") connection.wrote = this.#dirty = true;
  }

  #flush(connection: Connection): MaybePromise<void> {
    return this.#mode === "emulate" ? this.#flushAll() : this.#flushOne(connection);
  }

  async #flushAll(): Promise<void> {
    const due = [...this.#connections].filter((connection) => this.#isDue(connection));
    this.#dirty = false;
    const errors: unknown[] = [];
    // One by one, as the plugin may bear no more; and all of them, as what the others have is safe then.
    for (const connection of due) await flush(connection).catch((error) => errors.push(error));
    if (errors.length === 0) return;
    this.#dirty = true;
    throw errors[0];
  }

  async #flushOne(connection: Connection): Promise<void> {
    if (!this.#isDue(connection)) return;
    // Where the plugin says so, one flush is enough for all; "fast" takes that for granted.
    const all = connection.next.multiConn === true || this.#tracking === "fast";
    const dirty = this.#dirty;
    if (all) this.#dirty = false;
    try {
      await flush(connection);
    } catch (error) {
      this.#dirty ||= dirty;
      throw error;
    }
  }

  /** Whether a flush would change anything that anybody sees. */
  #isDue({ wrote, read }: Connection): boolean {
    if (this.#tracking === "off") return true;
    if (this.#tracking === "fast") return this.#dirty;
    return wrote || (read && this.#dirty);
  }
}

/** What comes while it goes on is for the next one. */
function flush(connection: Connection): Promise<void> {
  const { wrote, read } = connection;
  connection.wrote = connection.read = false;
  const flushed = (async () => connection.next.flush!())();
  connection.flushed = flushed.catch(() => {
    connection.wrote ||= wrote;
    connection.read ||= read;
  });
  return flushed;
}
