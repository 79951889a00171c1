import type { ChildProcess, StdioOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { must } from "../../src/core/assert.ts";
import { launch } from "./run.ts";
import { atTestEnd } from "./test-end.ts";

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly error?: string };
}

/** A qemu-storage-daemon, which executes commands (QMP) on its standard input. */
export class StorageDaemon {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #events: Message[] = [];

  private constructor(args: readonly string[]) {
    const monitor = ["--chardev", "stdio,id=monitor", "--monitor", "chardev=monitor"];
    const stdio: StdioOptions = ["pipe", "pipe", "inherit"];
    this.#child = launch("qemu-storage-daemon", [...args, ...monitor], { stdio });
    const { stdin, stdout } = this.#child;
    this.#lines = createInterface(must(stdout ?? undefined))[Symbol.asyncIterator]();
    // A daemon that has ended also closes its output, and execute() then reports the end.
    must(stdin ?? undefined).on("error", () => {});
    atTestEnd(() => void this.#child.kill("SIGKILL"));
  }

  static async start(...args: string[]): Promise<StorageDaemon> {
    const daemon = new StorageDaemon(args);
    await daemon.#next();
    await daemon.execute("qmp_capabilities");
    return daemon;
  }

  async execute(command: string, values: object = {}): Promise<void> {
    this.#child.stdin?.write(`${JSON.stringify({ execute: command, arguments: values })}\n`);
    for (;;) {
      const message = await this.#next();
      if (message.error !== undefined) throw new Error(`${command}: ${message.error.desc}`);
      if (message.return !== undefined) return;
      this.#events.push(message);
    }
  }

  /** Starts a block job and waits until it has completed. */
  async job(command: string, values: object): Promise<void> {
    this.#events.length = 0;
    await this.execute(command, { "job-id": "job", ...values });
    for (;;) {
      const { event, data } = this.#events.shift() ?? (await this.#next());
      if (event !== "BLOCK_JOB_COMPLETED") continue;
      if (data?.error !== undefined) throw new Error(`${command}: ${data.error}`);
      return;
    }
  }

  async #next(): Promise<Message> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the daemon has ended");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "close");
    await this.execute("quit");
    await ended;
  }
}
