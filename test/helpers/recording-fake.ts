import { setImmediate } from "node:timers/promises";
import type { BlockSize, Handle } from "../../src/contract/handle.ts";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import { NbdError } from "../../src/core/errors.ts";

export interface WitnessOptions {
  /** Members of the handle to omit. */
  readonly without?: readonly (keyof Handle)[];
  /** Requests that violate these block sizes fail. */
  readonly blockSize?: BlockSize;
  readonly nativeFua?: boolean;
  /** Answers asynchronously and out of order, like a network disk. */
  readonly slow?: boolean;
}

/** A fake disk below a filter. It shows its bytes, records its requests, and fails on demand. */
export class RecordingFake {
  bytes: Buffer;
  /** "write 512+100 fua" */
  readonly calls: string[] = [];
  readonly opened: { readonly readOnly: boolean; readonly exportName: string }[] = [];
  /** Requests of this kind fail. */
  failing: string | undefined;
  /** Requests of this kind are performed and then fail, as when a connection breaks before the answer. */
  losing: string | undefined;
  readonly plugin: Plugin;
  readonly #options: WitnessOptions;
  #delayed = 0;

  constructor(bytes: Buffer, options: WitnessOptions = {}) {
    this.bytes = bytes;
    this.#options = options;
    this.plugin = definePlugin({
      name: "fake",
      open: (_state, { readOnly, exportName }) => {
        this.opened.push({ readOnly, exportName });
        return this.#handle();
      },
    });
  }

  /** The requests since the last call. */
  take(): readonly string[] {
    return this.calls.splice(0);
  }

  #handle(): Handle {
    const handle: Handle = {
      size: BigInt(this.bytes.length),
      multiConn: true,
      nativeFua: this.#options.nativeFua ?? true,
      ...(this.#options.blockSize && { blockSize: this.#options.blockSize }),
      read: (into, at) => this.#do("read", at, into.length, {}, () => into.set(this.#part(at, into.length))),
      write: (from, at, flags) =>
        this.#do("write", at, from.length, flags, () => this.#part(at, from.length).set(from)),
      zero: (at, length, flags) => this.#do("zero", at, length, flags, () => this.#part(at, length).fill(0)),
      trim: (at, length, flags) => this.#do("trim", at, length, flags, () => this.#part(at, length).fill(0)),
      flush: () => this.#do("flush", 0n, 0, {}, () => {}),
      cache: (at, length) => this.#do("cache", at, length, {}, () => {}),
      extents: (at, length) => {
        this.#note("extents", at, length, {});
        return [{ length: BigInt(length), hole: false, zero: false }];
      },
    };
    const kept = Object.entries(handle).filter(
      ([name]) => !this.#options.without?.includes(name as keyof Handle),
    );
    return Object.fromEntries(kept) as unknown as Handle;
  }

  #part(offset: bigint, length: number): Buffer {
    return this.bytes.subarray(Number(offset), Number(offset) + length);
  }

  #note(kind: string, offset: bigint, length: number, flags: { readonly fua?: boolean }): void {
    this.calls.push(`${kind}${kind === "flush" ? "" : ` ${offset}+${length}`}${flags.fua ? " fua" : ""}`);
  }

  #do(
    kind: string,
    offset: bigint,
    length: number,
    flags: { readonly fua?: boolean },
    act: () => void,
  ): void | Promise<void> {
    this.#note(kind, offset, length, flags);
    const perform = (): void => {
      if (this.failing === kind) throw new NbdError("EIO", `the fake fails to ${kind}`);
      if (kind !== "flush") this.#checkSize(kind, offset, length);
      act();
      if (this.losing === kind) throw new NbdError("EIO", `the fake loses the answer to ${kind}`);
    };
    return this.#options.slow === true ? this.#later(perform) : perform();
  }

  /** The server refuses such requests of clients, so filters must not send them either. */
  #checkSize(kind: string, offset: bigint, length: number): void {
    const { minimum, maximum } = this.#options.blockSize ?? { minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
    const isWhole = offset % BigInt(minimum) === 0n && length % minimum === 0;
    const hasData = kind === "read" || kind === "write";
    if (isWhole && (!hasData || length <= maximum)) return;
    throw new NbdError(
      "EINVAL",
      `${kind} ${offset}+${length} violates the block sizes ${minimum} and ${maximum}`,
    );
  }

  async #later(perform: () => void): Promise<void> {
    const iterations = 1 + ((this.#delayed++ * 7) % 5);
    for (let done = 0; done < iterations; done++) await setImmediate();
    perform();
  }
}
