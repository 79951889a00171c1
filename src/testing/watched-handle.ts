import type { Handle, WriteFlags, ZeroFlags } from "../contract/handle.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import { withMembers } from "./with-members.ts";

/** Runs a call to the handle, at once or later. */
export type Pace = <T>(call: () => MaybePromise<T>) => MaybePromise<T>;

/** Records a fault, in words. */
export type Complain = (what: string) => void;

/** Wraps one handle of a plugin: counts how often it is closed, and checks the calls of filters. */
export class WatchedHandle {
  closed = 0;
  readonly #plugin: string;
  readonly #handle: Handle;
  readonly #readOnly: boolean;
  readonly #complain: Complain;
  #underWay = 0;

  constructor(plugin: string, handle: Handle, readOnly: boolean, complain: Complain) {
    this.#plugin = plugin;
    this.#handle = handle;
    this.#readOnly = readOnly;
    this.#complain = complain;
  }

  /** Returns the handle for the layer above. With a pace, it has no fast path. */
  proxy(pace?: Pace): Handle {
    const { write, flush, trim, zero, cache, extents } = this.#handle;
    const handle = this.#handle;
    const call = <T>(perform: () => MaybePromise<T>): MaybePromise<T> => this.#count(perform, pace);
    return withMembers(handle, {
      read: (into: Uint8Array, offset: bigint) => {
        this.#checkRange("read", offset, into.length, true);
        return call(() => expectNothing(this.#plugin, handle.read(into, offset), this.#complain));
      },
      ...(write && {
        write: (from: Uint8Array, offset: bigint, flags: WriteFlags) => {
          this.#checkChange("write", offset, from.length, true);
          return call(() => write.call(handle, from, offset, flags));
        },
      }),
      ...(flush && { flush: () => call(() => flush.call(handle)) }),
      ...(trim && {
        trim: (offset: bigint, length: number, flags: WriteFlags) => {
          this.#checkChange("trim", offset, length, false);
          return call(() => trim.call(handle, offset, length, flags));
        },
      }),
      ...(zero && {
        zero: (offset: bigint, length: number, flags: ZeroFlags) => {
          this.#checkChange("zero", offset, length, false);
          return call(() => zero.call(handle, offset, length, flags));
        },
      }),
      ...(cache && {
        cache: (offset: bigint, length: number) => {
          this.#checkRange("cache", offset, length, false);
          return call(() => cache.call(handle, offset, length));
        },
      }),
      ...(extents && {
        extents: (offset: bigint, length: number, requestOne: boolean) => {
          this.#checkRange("extents", offset, length, false);
          return call(() => extents.call(handle, offset, length, requestOne));
        },
      }),
      ...(pace && { readNow: undefined, writeNow: undefined }),
      close: () => this.#close(),
    });
  }

  #close(): MaybePromise<void> {
    if (this.#underWay > 0) {
      this.#complain(
        `${this.#plugin} was closed while requests were under way (${this.#underWay}): wait for the requests to the layer below`,
      );
    }
    this.closed++;
    return this.#handle.close?.();
  }

  async #counted<T>(performing: PromiseLike<T>): Promise<T> {
    this.#underWay++;
    try {
      return await performing;
    } finally {
      this.#underWay--;
    }
  }

  #count<T>(perform: () => MaybePromise<T>, pace: Pace | undefined): MaybePromise<T> {
    const done = pace === undefined ? perform() : pace(perform);
    return isPromise(done) ? this.#counted(done) : done;
  }

  #checkChange(call: string, offset: bigint, length: number, hasData: boolean): void {
    if (this.#readOnly)
      this.#complain(
        `a filter asked for a ${call} on a handle of ${this.#plugin} that it opened for reading only`,
      );
    this.#checkRange(call, offset, length, hasData);
  }

  #checkRange(call: string, offset: bigint, length: number, hasData: boolean): void {
    const what = `a filter asked ${this.#plugin} for a ${call} of ${length} bytes at ${offset}`;
    const { size, blockSize } = this.#handle;
    if (this.closed > 0) this.#complain(`${what}, after it had closed the handle`);
    if (offset < 0n || offset + BigInt(length) > size)
      this.#complain(`${what}, which is not within its ${size} bytes`);
    if (blockSize === undefined || blockSize.advisory === true) return;
    const { minimum, maximum } = blockSize;
    // The last block of a disk may be short.
    const endsWhole = length % minimum === 0 || offset + BigInt(length) === size;
    if (!endsWhole || offset % BigInt(minimum) !== 0n)
      this.#complain(`${what}, which are not whole blocks of ${minimum} bytes`);
    if (hasData && length > maximum) this.#complain(`${what}, which are more than ${maximum} bytes`);
  }
}

/**
 * Records a fault when a read returns a value. The chain refuses that too, but this message helps more.
 *
 * @param name name of the plugin or filter
 */
export function expectNothing(
  name: string,
  answer: MaybePromise<void>,
  complain: Complain,
): MaybePromise<void> {
  if (isPromise(answer)) return answer.then((returned) => expectNothing(name, returned, complain));
  const returned: unknown = answer;
  if (returned === undefined) return;
  const what = returned instanceof Uint8Array ? "a buffer" : `a value (${typeof returned})`;
  complain(
    `the read of ${name} returned ${what}: it fills \`into\` and returns nothing, as with into.set(bytes)`,
  );
  return answer;
}
