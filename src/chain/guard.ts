import type { Handle, HandleChanges } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";
import { said } from "../core/kinds.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

// Replies are composed in memory that held other requests before, and a plugin or filter of another author
// may forget to fill its read buffer. Bytes of other requests must not leave the server then, so the guard
// clears the buffer before such a plugin or filter reads into it. Plugins and filters of this package always
// fill the buffer and are not guarded.

/**
 * How far the server trusts a plugin or filter: "none", "memory" (it fills the buffers that it is given to
 * read into), or "full" (its methods also return the right values).
 */
export type Trust = "none" | "memory" | "full";

/**
 * Returns the handle with a guard around the methods that one plugin or filter has made.
 *
 * @param owner name of the plugin or filter, for messages
 * @param handle a plain object
 * @param own the members that the plugin or filter has made; all others belong to the layers below
 */
export function guarded(owner: string, handle: Handle, own: HandleChanges, trust: Trust): Handle {
  if (trust === "full") return handle;
  const guard = new Guard(owner, trust === "none");
  const { read, write, flush, trim, zero, cache, readNow, writeNow } = handle;
  return {
    ...handle,
    ...((own.read ?? own.readNow) && { read: guard.read(read.bind(handle), own.read !== undefined) }),
    ...((own.write ?? own.writeNow) && write && { write: guard.silent("write", write.bind(handle)) }),
    ...(own.flush && flush && { flush: guard.silent("flush", flush.bind(handle)) }),
    ...(own.trim && trim && { trim: guard.silent("trim", trim.bind(handle)) }),
    ...(own.zero && zero && { zero: guard.silent("zero", zero.bind(handle)) }),
    ...(own.cache && cache && { cache: guard.silent("cache", cache.bind(handle)) }),
    ...(own.readNow && readNow && { readNow: guard.readNow(readNow.bind(handle)) }),
    ...(own.writeNow && writeNow && { writeNow: guard.writeNow(writeNow.bind(handle)) }),
  };
}

class Guard {
  readonly #owner: string;
  readonly #clears: boolean;
  /**
   * The fault of `readNow` or `writeNow`. These methods are not called again after a fault; the next request
   * reports it.
   */
  #fault: NbdError | undefined;

  constructor(owner: string, clears: boolean) {
    this.#owner = owner;
    this.#clears = clears;
  }

  read(read: Handle["read"], isOwn: boolean): Handle["read"] {
    const filling = this.silent("read", read);
    if (!isOwn || !this.#clears) return filling;
    return (into, offset) => {
      into.fill(0);
      return filling(into, offset);
    };
  }

  /**
   * Guards a method that must return nothing. Another value means that its author expects it to have an
   * effect, so the request fails.
   */
  silent<Args extends readonly unknown[]>(
    name: string,
    method: (...args: Args) => MaybePromise<void>,
  ): (...args: Args) => MaybePromise<void> {
    return (...args) => {
      if (this.#fault !== undefined) throw this.#fault;
      const done: MaybePromise<unknown> = method(...args);
      if (isPromise(done)) return done.then((value) => this.#expectNothing(name, "resolved to", value));
      this.#expectNothing(name, "returned", done);
    };
  }

  /**
   * Guards `readNow`. The buffer of the fast path is shared by all connections of a thread, so an untrusted
   * method gets a buffer of its own. It can then neither read nor change other bytes, and cannot use the
   * shared buffer after the call.
   */
  readNow(readNow: NonNullable<Handle["readNow"]>): NonNullable<Handle["readNow"]> {
    return (buffer, start, end, offset) => {
      if (this.#fault !== undefined) return false;
      if (!this.#clears) return this.#answer("readNow", readNow(buffer, start, end, offset));
      const bytes = Buffer.alloc(end - start);
      if (!this.#answer("readNow", readNow(bytes, 0, bytes.length, offset))) return false;
      buffer.set(bytes, start);
      return true;
    };
  }

  writeNow(writeNow: NonNullable<Handle["writeNow"]>): NonNullable<Handle["writeNow"]> {
    return (buffer, start, end, offset) => {
      if (this.#fault !== undefined) return false;
      if (!this.#clears) return this.#answer("writeNow", writeNow(buffer, start, end, offset));
      const bytes = Buffer.from(buffer.subarray(start, end));
      return this.#answer("writeNow", writeNow(bytes, 0, bytes.length, offset));
    };
  }

  #answer(name: string, done: unknown): boolean {
    if (typeof done === "boolean") return done;
    // No request waits for the promise; its rejection must not end the process.
    if (isPromise(done)) done.then(undefined, () => {});
    const slow = name === "readNow" ? "read" : "write";
    this.#fault = new NbdError(
      "EIO",
      `${this.#owner}'s ${name} returned ${said(done)}: it must return true when it has done the request, and false to leave it to ${slow}`,
    );
    return false;
  }

  #expectNothing(name: string, how: string, value: unknown): void {
    if (value === undefined) return;
    const duty = name === "read" ? "fill the buffer that it is given, and return nothing" : "return nothing";
    throw new NbdError("EIO", `${this.#owner}'s ${name} ${how} ${said(value)}: it must ${duty}`);
  }
}
