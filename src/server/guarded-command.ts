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
  #start!: (pid: number | undefined) => void;
  #end!: (ending: Ending) => void;

  constructor(streams: CommandStreams, send: (signal: NodeJS.Signals) => Promise<boolean>) {
    this.streams = streams;
    this.#send = send;
    this.pid = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  async end(signal: NodeJS.Signals): Promise<boolean> {
    return !this.#isRunning || this.#send(signal);
  }

  hasStarted(pid: number): void {
    this.#start(pid);
  }

  /** Only the first call has an effect. */
  hasEnded(ending: Ending): void {
    this.#isRunning = false;
    this.#start(undefined);
    this.#end(this.#loss === undefined ? ending : { kind: "failed", message: this.#loss });
  }

  /**
   * Makes the end of the command a failure, whatever the guardian reports later.
   * @param message the reason
   */
  isLost(message: string): void {
    this.#loss = message;
  }
}
