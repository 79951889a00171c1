import type { Handle } from "../../contract/handle.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { ServedExport } from "../../served/served-export.ts";

// The rule of a reopen: new requests wait for it, and it waits for the running requests of the old handle.
// Then it closes the old handle and opens a new one. When several requests fail at the same time, only the
// first one reopens.

/** One client's export, which can be closed and opened again between requests. */
export class Reopenable {
  readonly #open: (again: boolean) => Promise<Opened>;
  #opened: Opened | undefined;
  #reopening: Promise<void> | undefined;
  #failure: unknown;
  #reopens = 0;

  /** @param open opens the export; this object closes it */
  constructor(open: (again: boolean) => Promise<Opened>) {
    this.#open = open;
  }

  /** Number of reopens. */
  get reopens(): number {
    return this.#reopens;
  }

  /** The open export; undefined during a reopen and after a failed one. */
  get opened(): Opened | undefined {
    return this.#reopening === undefined ? this.#opened : undefined;
  }

  /** Opens the export for the first time. */
  async open(): Promise<Opened> {
    this.#opened = await this.#open(false);
    return this.#opened;
  }

  /** @throws NbdError ESHUTDOWN when the last reopen failed; another {@link reopen} may succeed */
  use<Result>(perform: (opened: Opened) => MaybePromise<Result>): MaybePromise<Result> {
    if (this.#reopening !== undefined) return this.#reopening.then(() => this.use(perform));
    if (this.#opened !== undefined) return this.#opened.use(perform);
    throw new NbdError("ESHUTDOWN", `the plugin could not be opened again: ${messageOf(this.#failure)}`);
  }

  /** Reopens the export after a failure, unless another request has already reopened it. */
  async reopen(failed: Opened | undefined): Promise<void> {
    if (this.#reopening === undefined && (this.#opened === undefined || this.#opened === failed)) {
      this.#reopening = this.#replace().finally(() => {
        this.#reopening = undefined;
      });
    }
    await this.#reopening;
  }

  async close(): Promise<void> {
    await this.#opened?.below.close();
  }

  /** It never rejects: the next {@link use} throws the failure. */
  async #replace(): Promise<void> {
    const old = this.#opened;
    this.#opened = undefined;
    this.#reopens++;
    try {
      await old?.idle();
      await old?.below.close();
      this.#opened = await this.#open(true);
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** An open export and the number of its running requests. */
export class Opened {
  readonly handle: Handle;
  readonly below: ServedExport;
  #users = 0;
  #idle: (() => void) | undefined;

  /** @param gone aborts when the client disconnects */
  constructor(handle: Handle, readOnly: boolean, gone: AbortSignal) {
    this.handle = handle;
    this.below = new ServedExport(handle, readOnly, gone);
  }

  use<Result>(perform: (opened: Opened) => MaybePromise<Result>): MaybePromise<Result> {
    const done = perform(this);
    if (!isPromise(done)) return done;
    this.#users++;
    return Promise.resolve(done).finally(() => {
      this.#users--;
      if (this.#users === 0) this.#idle?.();
    });
  }

  /** Resolves when no request is running. The caller must not start another request after this call. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#users === 0) resolve();
    });
  }
}
