/** The request to end a server. The first reason counts. */
export class EndRequest<Reason> {
  /** Resolves with the first reason. */
  readonly asked: Promise<Reason>;
  #resolve!: (reason: Reason) => void;
  #reason: Reason | undefined;

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The reason to end; undefined while the server runs. */
  get reason(): Reason | undefined {
    return this.#reason;
  }

  ask(reason: Reason): void {
    this.#reason ??= reason;
    this.#resolve(reason);
  }
}
