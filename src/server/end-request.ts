import { deferred } from "../core/deferred.ts";

/** The request to end a server. The first reason counts. */
export class EndRequest<Reason> {
  /** Resolves with the first reason. */
  readonly asked: Promise<Reason>;
  readonly #asked = deferred<Reason>();
  #reason: Reason | undefined;

  constructor() {
    this.asked = this.#asked.promise;
  }

  /** The reason to end; undefined while the server runs. */
  get reason(): Reason | undefined {
    return this.#reason;
  }

  ask(reason: Reason): void {
    this.#reason ??= reason;
    this.#asked.resolve(reason);
  }
}
