import { setImmediate } from "node:timers/promises";
import type { BlockSize, Handle } from "../../src/contract/handle.ts";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import { NbdError } from "../../src/core/errors.ts";

export interface WitnessOptions {
  /** Members that it does without. */
  readonly without?: readonly (keyof Handle)[];
  /** Whatever does not keep to them fails. */
  readonly blockSize?: BlockSize;
  readonly nativeFua?: boolean;
  /** Answers when it likes, in no particular order, as a disk behind a network does. */
  readonly slow?: boolean;
}

/** A disk below a filter: shows its bytes, remembers what it was asked, and fails when it is told to. */
export class RecordingFake {
  bytes: Buffer;
  /** "write 512+100 fua" */
  readonly calls: string[] = [];
  readonly opened: { readonly readOnly: boolean; readonly exportName: string }[] = [];
  /** Requests of this kind fail. */
  failing: string | undefined;
  /** Requests of this kind are done and fail all the same, as when a connection breaks before the answer. */
  losing: string | undefined;
  readonly plugin: Plugin;
  readonly #options: WitnessOptions;
  #turn = 0;

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

  /** What it was asked since the last look. */
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

  /** Clients are not let through with such requests, so filters are not to send any either. */
  #checkSize(kind: string, offset: bigint, length: number): void {
    const { minimum, maximum } = this.#options.blockSize ?? { minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
    const isWhole = offset % BigInt(minimum) === 0n && length % minimum === 0;
    const hasData = kind === "read" || kind === "write";
    if (isWhole && (!hasData || length <= maximum)) return;
    throw new NbdError("EINVAL", `${kind} ${offset}+${length} does not keep to ${minimum} and ${maximum}`);
  }

  async #later(perform: () => void): Promise<void> {
    const turns = 1 + ((this.#turn++ * 7) % 5);
    for (let turn = 0; turn < turns; turn++) await setImmediate();
    perform();
  }
}
