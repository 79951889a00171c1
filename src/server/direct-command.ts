import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { messageOf } from "../core/errors.ts";
import type { Process } from "../processes/list.ts";
import { maySignal, signalSurvivors, signalTree } from "../processes/tree.ts";
import { type Command, type CommandStreams, type Ending, endGraceMs } from "./command.ts";

/**
 * A command as a child of this process, for systems without a guardian (native/guardian). Its descendants
 * are found by their parent ids. A process whose parent has ended is not found.
 */
export class DirectCommand implements Command {
  readonly pid: Promise<number | undefined>;
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #grace: NodeJS.Timeout | undefined;
  #signalled: readonly Process[] = [];

  constructor(script: string, stdio: StdioOptions, env: NodeJS.ProcessEnv) {
    this.#child = spawn("/bin/sh", ["-c", script], { stdio, env });
    this.pid = Promise.resolve(this.#child.pid);
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve({ kind: "failed", message: messageOf(error) }));
      this.#child.once("exit", (code, signal) => {
        clearTimeout(this.#grace);
        // Background jobs of a shell ignore SIGINT and SIGQUIT, but must not outlive the command: send
        // SIGTERM.
        signalSurvivors(this.#signalled, "SIGTERM");
        resolve(
          signal === null
            ? { kind: "exited", code: code ?? 0, isLeft: false }
            : { kind: "killed", signal: constants.signals[signal], isLeft: false },
        );
      });
    });
  }

  get streams(): CommandStreams {
    return this.#child;
  }

  async end(signal: NodeJS.Signals): Promise<boolean> {
    const { pid } = this.#child;
    if (pid === undefined || !this.#lives) return true;
    if (!maySignal(pid)) return false;
    this.#grace ??= setTimeout(() => this.#signalAll(pid, "SIGKILL"), endGraceMs);
    this.#signalAll(pid, signal);
    return true;
  }

  get #lives(): boolean {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null;
  }

  #signalAll(pid: number, signal: NodeJS.Signals): void {
    if (this.#lives) this.#signalled = signalTree(pid, signal);
  }
}
