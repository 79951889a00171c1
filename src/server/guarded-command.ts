import { deferred } from "../core/deferred.ts";
import type { Command, CommandStreams, Ending } from "./command.ts";

/** A command that a guardian runs: its state as the guardian reports it, and the way to end it. */
export class GuardedCommand implements Command {
  readonly streams: CommandStreams;
  readonly pid: Promise<number | undefined>;
  readonly ended: Promise<Ending>;
  /** Sends a signal to the command and all processes that it started, while it runs. */
  readonly #send: (signal: NodeJS.Signals) => Promise<boolean>;
  #isRunning = true;
  #loss: string | undefined;
  readonly #started = deferred<number | undefined>();
  readonly #ended = deferred<Ending>();

  constructor(streams: CommandStreams, send: (signal: NodeJS.Signals) => Promise<boolean>) {
    this.streams = streams;
    this.#send = send;
    this.pid = this.#started.promise;
    this.ended = this.#ended.promise;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  async end(signal: NodeJS.Signals): Promise<boolean> {
    return !this.#isRunning || this.#send(signal);
  }

  hasStarted(pid: number): void {
    this.#started.resolve(pid);
  }

  /** Only the first call has an effect. */
  hasEnded(ending: Ending): void {
    this.#isRunning = false;
    this.#started.resolve(undefined);
    this.#ended.resolve(this.#loss === undefined ? ending : { kind: "failed", message: this.#loss });
  }

  /**
   * Makes the end of the command a failure, whatever the guardian reports later.
   * @param message the reason
   */
  isLost(message: string): void {
    this.#loss = message;
  }
}
