import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import { messageOf, NbdError } from "../core/errors.ts";
import { spawnGuardian } from "../installation/package.ts";
import { folderPrefix } from "../native/temporary-folder.ts";
import { spareGuardian } from "../processes/tree.ts";
import { type Command, type Ending, endGraceMs } from "./command.ts";
import { GuardedCommand } from "./guarded-command.ts";
import { type ChannelEvents, GuardianChannel } from "./guardian-channel.ts";
import type { GuardianMessage } from "./guardian-messages.ts";
import type { Keeper, KeeperOptions } from "./keeper.ts";

/** The result of a request when the guardian has ended. No guardian sends it. */
const noAnswer: GuardianMessage = { kind: "", text: "" };

/**
 * A process that ends the command of --run and removes the private directory when this process dies, however
 * it dies (native/guardian). It keeps the user that this process had at the start.
 *
 * The guardian answers requests in their order. It keeps this process alive only during a request or a
 * command.
 */
export class Guardian implements Keeper, ChannelEvents {
  readonly keepsUser = true;
  readonly #child: ChildProcess;
  readonly #channel: GuardianChannel;
  readonly #requests: ((answer: GuardianMessage) => void)[] = [];
  /** How the guardian process ended; empty after a normal exit. */
  readonly #death: Promise<string>;
  readonly #pattern: string | undefined;
  readonly #directory: Promise<GuardianMessage>;
  #command: GuardedCommand | undefined;

  /** @returns undefined where the package has no guardian for this system */
  static start(options: KeeperOptions): Guardian | undefined {
    const { stdio, environment, makesDirectory, cwd, detached = false } = options;
    const all = typeof stdio === "string" ? [stdio, stdio, stdio] : [...stdio];
    while (all.length <= 2) all.push("pipe");
    const channel = new GuardianChannel();
    const pattern = makesDirectory ? `${folderPrefix()}XXXXXX` : undefined;
    const args = [String(all.length), ...(pattern === undefined ? [] : [pattern])];
    const child = spawnGuardian(args, {
      stdio: [...all, ...channel.guardianEnds],
      env: environment,
      cwd,
      detached,
    });
    channel.closeGuardianEnds();
    if (child?.pid !== undefined) spareGuardian(child.pid);
    if (child !== undefined) return new Guardian(child, channel, pattern);
    channel.close();
    return undefined;
  }

  private constructor(child: ChildProcess, channel: GuardianChannel, pattern: string | undefined) {
    this.#child = child;
    this.#channel = channel;
    this.#death = deathOf(child);
    void this.#death.then((how) => this.#isKilled(how));
    child.unref();
    this.#pattern = pattern;
    this.#directory = pattern === undefined ? Promise.resolve(noAnswer) : this.#answer();
  }

  async directory(): Promise<string | undefined> {
    const { kind, text } = await this.#directory;
    if (kind === "d") return text;
    if (kind === "e") throw errorOf(text, this.#pattern);
    return undefined;
  }

  run(script: string): Command {
    const command = new GuardedCommand(this.#child, (signal) => this.#signal(signal));
    this.#command = command;
    void this.#ask("r", script).then(({ kind, text }) => {
      if (kind === "s") command.hasStarted(Number(text));
      else if (kind === "e")
        command.hasEnded({ kind: "failed", message: messageOf(errorOf(text, "/bin/sh")) });
      else this.ended();
    });
    return command;
  }

  close(): void {
    this.#channel.close();
    // A signal request may still be pending when the command has ended by itself.
    this.#noAnswers();
  }

  received(message: GuardianMessage): void {
    const { kind, text } = message;
    if (kind === "x") this.#command?.hasEnded(endingOf(text));
    else if (kind === "l") this.#command?.hasEnded({ kind: "failed", message: lostText("was killed") });
    else this.#requests.shift()?.(message);
    if (this.#requests.length === 0 && !this.#command?.isRunning) this.#channel.pause();
  }

  ended(): void {
    this.#noAnswers();
    void this.#death.then((how) =>
      this.#command?.hasEnded({ kind: "failed", message: lostText(how || "ended") }),
    );
  }

  #noAnswers(): void {
    for (const answer of this.#requests.splice(0)) answer(noAnswer);
  }

  /**
   * Called when the outer guardian process was killed: the inner one still answers, so end the command
   * through it.
   */
  #isKilled(how: string): void {
    if (how === "" || !this.#command?.isRunning) return;
    this.#command.isLost(lostText(how));
    void this.#signal("SIGTERM");
  }

  async #signal(signal: NodeJS.Signals): Promise<boolean> {
    const { kind, text } = await this.#ask("s", `${constants.signals[signal]} ${endGraceMs}`);
    return kind !== "r" || Number(text) > 0;
  }

  async #ask(kind: string, text: string): Promise<GuardianMessage> {
    return this.#channel.send({ kind, text }) ? this.#answer() : noAnswer;
  }

  #answer(): Promise<GuardianMessage> {
    this.#channel.listen(this);
    return new Promise((resolve) => {
      this.#requests.push(resolve);
    });
  }
}

function lostText(how: string): string {
  return `the guardian of the command of --run ${how}: the command was ended`;
}

function deathOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`did not start (${messageOf(error)})`));
    child.once("exit", (code, signal) => {
      if (signal !== null) resolve(`was killed by signal ${constants.signals[signal]}`);
      else resolve(code === 0 ? "" : `ended with status ${code}`);
    });
  });
}

/** @param text "CODE SIGNAL LEFT" */
function endingOf(text: string): Ending {
  const [code = 0, signal = 0, left = 0] = text.split(" ").map(Number);
  const isLeft = left > 0;
  return signal > 0 ? { kind: "killed", signal, isLeft } : { kind: "exited", code, isLeft };
}

/** Makes an error with Node's wording. @param text "ERRNO CALL" */
function errorOf(text: string, path = ""): NbdError {
  const [number, call] = text.split(" ");
  const [code, words] = getSystemErrorMap().get(-Number(number)) ?? ["EIO", `error ${number}`];
  return new NbdError(code, `${code}: ${words}, ${call} '${path}'`);
}
