import type { Handle } from "../../contract/handle.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { ServedExport } from "../../served/served-export.ts";

/** One client's export, which may be closed and opened again between requests, of which several can be under way. */
export class Reopenable {
  readonly #open: (again: boolean) => Promise<Opened>;
  #opened: Opened | undefined;
  #reopening: Promise<void> | undefined;
  #failure: unknown;
  #reopens = 0;

  /** @param open what is opened is this object's to close */
  constructor(open: (again: boolean) => Promise<Opened>) {
    this.#open = open;
  }

  /** How often it was closed to be opened again. */
  get reopens(): number {
    return this.#reopens;
  }

  /** What is open now, and not being closed. */
  get opened(): Opened | undefined {
    return this.#reopening === undefined ? this.#opened : undefined;
  }

  /** Opens it for the first time. */
  async open(): Promise<Opened> {
    this.#opened = await this.#open(false);
    return this.#opened;
  }

  /** @throws NbdError ESHUTDOWN when it could not be opened again; another {@link reopen} may help */
  use<Result>(perform: (opened: Opened) => MaybePromise<Result>): MaybePromise<Result> {
    if (this.#reopening !== undefined) return this.#reopening.then(() => this.use(perform));
    if (this.#opened !== undefined) return this.#opened.use(perform);
    throw new NbdError("ESHUTDOWN", `the plugin could not be opened again: ${messageOf(this.#failure)}`);
  }

  /** Closes what failed and opens it again, unless another request has seen to that already. */
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

  /** It never rejects: whoever uses it next is told why it is not open. */
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

/** An open export, and how many requests are under way on it. */
export class Opened {
  readonly handle: Handle;
  readonly below: ServedExport;
  #users = 0;
  #idle: (() => void) | undefined;

  /** @param gone aborted when the client has gone */
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

  /** Resolves when no request is under way; none may begin from now on. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#users === 0) resolve();
    });
  }
}
