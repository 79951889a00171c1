import { logText } from "../core/log-text.ts";
import { Captive, isTyped } from "./captive.ts";
import type { Keeper } from "./keeper.ts";
import { stdioWith, stillInherited } from "./launch.ts";
import type { ProcessOptions } from "./process-options.ts";
import { isSignal, type Quit, type QuitReason } from "./quit.ts";
import type { Server } from "./server.ts";
import { statusOfSignal } from "./signals.ts";
import { startKeeper } from "./start-keeper.ts";
import { writeStderr } from "./stderr.ts";

/** The command of --run in the life of a server process, and the guardian that cleans up after both. */
export class CaptiveRun {
  readonly #options: ProcessOptions;
  readonly #quit: Quit;
  #keeper: Keeper | undefined;
  #captive: Captive | undefined;

  constructor(options: ProcessOptions, quit: Quit) {
    this.#options = options;
    this.#quit = quit;
  }

  /** Starts a guardian, only when there is a command or a private directory to clean up. */
  startGuardian(): Keeper | undefined {
    const { run, listen, launch, environment } = this.#options;
    const makesDirectory = listen.kind === "private";
    if (run !== undefined)
      this.#keeper = startKeeper({ stdio: stdioWith(stillInherited(launch)), environment, makesDirectory });
    else if (makesDirectory)
      // stdio, cwd and session: a server in the background releases its terminal and its working directory.
      this.#keeper = startKeeper({
        stdio: "ignore",
        environment: process.env,
        cwd: "/",
        detached: true,
        makesDirectory,
      });
    return this.#keeper;
  }

  /**
   * Starts the command as the original user, as nbdkit does, where only this process can start it. Call it
   * before this process changes its user.
   */
  startAsOriginalUser(server: Server): void {
    if (this.#keeper?.keepsUser === false) this.start(server);
  }

  /** Starts the command, if there is one and it does not run yet. */
  start(server: Server): void {
    const { run: command, launch } = this.#options;
    if (command === undefined || this.#keeper === undefined) return;
    this.#captive ??= new Captive(this.#keeper, { command, launch, report }, server);
  }

  /** Serves until the command or the server ends. @returns the exit status */
  async untilTheEnd(server: Server): Promise<number> {
    const captive = this.#captive;
    const served = Promise.race([this.#quit.asked, server.finished.then((): QuitReason => "asked")]);
    if (captive === undefined) return statusOf(await served);
    this.#forwardSignalsTo(captive);
    const first = await Promise.race([captive.finished, served]);
    if (typeof first === "number") return first;
    // The server ends first. Disconnect the clients, and wait until the command ends by itself: its exit
    // status is ours.
    await server.stop();
    // The signal could not reach the command (sudo): end without it.
    if (isSignal(first)) return statusOfSignal(first);
    return (await captive.finished) || statusOf(first);
  }

  /** The exit status when the server ends before the command was started, which is an error. */
  statusWithout(reason: QuitReason): number {
    const { run, log } = this.#options;
    if (run === undefined) return statusOf(reason);
    if (reason === "asked")
      log.error("the command of --run was not started: the plugin or a filter ended the server before");
    return isSignal(reason) ? statusOfSignal(reason) : 1;
  }

  /** Does nothing when the command has ended; it still runs only after an error. */
  async abandon(): Promise<void> {
    await this.#captive?.abandon();
  }

  closeGuardian(): void {
    this.#keeper?.close();
  }

  #forwardSignalsTo(captive: Captive): void {
    this.#quit.handleSignals((signal) => {
      if (isTyped(signal)) return;
      this.#quit.noteSignal(signal);
      void captive.requestEnd(signal).then((isReached) => {
        if (!isReached) this.#quit.ask(signal);
      });
    });
  }
}

function report(message: string): void {
  writeStderr(`${logText(`nbdkit: ${message}`)}\n`);
}

function statusOf(reason: QuitReason): number {
  return reason === "failed" ? 1 : 0;
}
