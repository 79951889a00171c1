import type { ChildProcess } from "node:child_process";
import type { Client, Host } from "../contract/plugin.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { shellQuote } from "../core/shell.ts";
import { TemporaryFolder } from "../native/temporary-folder.ts";
import { signalTree } from "../processes/tree.ts";
import { scriptFailure } from "./failure.ts";
import { type Ended, runScript } from "./process.ts";

/** The program and arguments that run one method of a script. */
export interface Command {
  /** The name of the script in messages. */
  readonly name: string;
  readonly program: string;
  /** The arguments before the name of the method. */
  readonly args: readonly string[];
}

/** Finds the script for a method; undefined when the method does not exist. */
export type FindCommand = (method: string) => Command | undefined;

export interface CallOptions {
  readonly input?: Uint8Array;
  /** The most bytes that the script may print. */
  readonly outputMax?: number;
  /** The client of the call. Some exit codes end the client's connection. */
  readonly client?: Client;
}

/**
 * The default of `outputMax` in bytes, for methods without a fixed length of output, such as lists of
 * exports.
 */
const outputBytesMax = 32 * 1024 * 1024;

/** The largest exit code with a meaning of its own. Larger ones mean the same as 1. */
export const knownStatusMax = 8;

/** Calls scripts and interprets their exit codes (nbdkit-sh-plugin(3), "Exit codes"). */
export class Caller {
  /** The folder that scripts get as $tmpdir. */
  readonly workspace: TemporaryFolder = new TemporaryFolder();
  readonly host: Host;
  readonly #find: FindCommand;
  readonly #running = new Set<ChildProcess>();

  constructor(host: Host, find: FindCommand) {
    this.host = host;
    this.#find = find;
  }

  /**
   * Calls a method and returns its output; undefined when the script has no such method.
   * @throws NbdError with the errno's name and the message of the script
   */
  async call(
    method: string,
    args: readonly string[] = [],
    options: CallOptions = {},
  ): Promise<Buffer | undefined> {
    const output = await this.#call(method, args, options);
    if (output !== false) return output;
    throw new NbdError("EIO", `${method} method returned unexpected code (3/false)`);
  }

  /** As `call`, for output that is a line of text. */
  async text(method: string, args?: readonly string[], options?: CallOptions): Promise<string | undefined> {
    return (await this.call(method, args, options))?.toString().replace(/\n$/, "");
  }

  /**
   * Calls a method that answers yes or no with its exit code. Returns `missing` when the script has no such
   * method.
   */
  async truth(method: string, args: readonly string[], missing: boolean, client: Client): Promise<boolean> {
    const output = await this.#call(method, args, { client });
    return output === undefined ? missing : output !== false;
  }

  /** Stops running scripts, and removes $tmpdir with its content. */
  dispose(): void {
    // Signal the whole process tree: a script may be waiting for a process that it started.
    for (const { pid } of this.#running) if (pid !== undefined) signalTree(pid, "SIGTERM");
    this.workspace.remove();
  }

  async #call(
    method: string,
    args: readonly string[],
    options: CallOptions,
  ): Promise<Buffer | undefined | false> {
    const command = this.#find(method);
    if (command === undefined) return undefined;
    const ended = await this.#run(command, method, args, options);
    switch (ended.status) {
      case 0:
        return ended.stdout;
      case 2:
        return undefined;
      case 3:
        return false;
      case 4:
        this.host.shutdown();
        return ended.stdout;
      case 5:
        this.host.shutdown();
        throw failureOf(command, ended, "ESHUTDOWN");
      case 6:
        options.client?.disconnect?.(true);
        // The connection is closed, so the client never receives this error.
        throw new NbdError("ESHUTDOWN", `${command.name}: the script cut the connection off`);
      case 7:
        options.client?.disconnect?.(false);
        return ended.stdout;
      case 8:
        options.client?.disconnect?.(false);
        throw failureOf(command, ended, "ESHUTDOWN");
      default:
        throw failureOf(command, ended, "EIO");
    }
  }

  async #run(
    { name, program, args: first }: Command,
    method: string,
    args: readonly string[],
    { input, outputMax = outputBytesMax }: CallOptions,
  ): Promise<Ended> {
    const { host } = this;
    if (host.verbose) host.debug(`calling: ${[name, method, ...args].map(shellQuote).join(" ")}`);
    let child: ChildProcess | undefined;
    try {
      const ended = await runScript({
        program,
        args: [...first, method, ...args],
        environment: { ...process.env, tmpdir: this.workspace.path },
        outputMax,
        ...(input === undefined ? {} : { input }),
        started: (process) => {
          child = process;
          this.#running.add(process);
        },
      });
      if (host.verbose) host.debug(`completed: ${name} ${method}: status ${ended.status}`);
      return ended;
    } catch (error) {
      throw new NbdError("EIO", `${name}: ${method}: ${messageOf(error)}`, { cause: error });
    } finally {
      if (child !== undefined) this.#running.delete(child);
    }
  }
}

function failureOf({ name }: Command, { stderr }: Ended, code: string): NbdError {
  return scriptFailure(name, stderr.toString(), code);
}
