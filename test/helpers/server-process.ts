import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect } from "vitest";
import { Folder } from "./folder.ts";
import { launch, nbdkit, type Outcome, outcomeOf, unlessEnded } from "./run.ts";
import { atTestEnd } from "./test-end.ts";
import { until } from "./until.ts";

export interface ServerOptions {
  /** The nbdkit command. Default: the one under test. */
  readonly program?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Shell commands that run before the server and change its environment: `ulimit -n 40`. */
  readonly before?: string;
}

/**
 * A server in the foreground on its own Unix socket. Leaving the scope stops the server with SIGTERM. The
 * server must then end cleanly: status 0, and no process, socket or temporary file left.
 */
export class ServerProcess {
  readonly pid: number;
  readonly socket: string;
  readonly #folder = new Folder();
  readonly #isOurs: boolean;
  readonly #child: ChildProcess;
  readonly #outcome: Promise<Outcome>;
  #said = "";

  private constructor(args: readonly string[], options: ServerOptions) {
    this.#isOurs = options.program === undefined;
    this.socket = this.#folder.join("socket");
    mkdirSync(this.#temporary);
    const command = [options.program ?? nbdkit, "-f", "-U", this.socket, "-P", this.#pidfile, ...args];
    this.#child = launch("/bin/sh", ["-c", `${options.before ?? ":"}; exec "$@"`, "sh", ...command], {
      env: { TMPDIR: this.#temporary, ...options.env },
    });
    this.pid = this.#child.pid!;
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#said += chunk;
    });
    this.#outcome = outcomeOf(this.#child);
    atTestEnd(() => this.#kill());
  }

  /** Starts a server; clients can connect when the promise resolves. */
  static async start(args: readonly string[], options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(args, options);
    await server.#ready();
    return server;
  }

  uri(exportName = ""): string {
    return `nbd+unix:///${encodeURIComponent(exportName)}?socket=${this.socket}`;
  }

  /** The stderr of the server so far. */
  get said(): string {
    return this.#said;
  }

  /**
   * The number of open sockets and files, without those of Node's event loops; 0 where the system does not
   * report it.
   */
  get descriptors(): number {
    if (process.platform !== "linux") return 0;
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).filter(
      (fd) => !/^(anon_inode|pipe):|^\/dev\/null$/.test(target(`${folder}/${fd}`)),
    ).length;
  }

  /** The peak memory of the server in bytes (Linux). */
  get peakBytes(): number {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"));
    return Number(line![1]) * 1024;
  }

  /** Sends SIGTERM and waits for the end, which must be clean. */
  async stop(): Promise<Outcome> {
    this.#child.kill("SIGTERM");
    const outcome = await this.#outcome;
    const left = readdirSync(this.#temporary);
    // nbdkit leaves its socket behind; this package removes it.
    if (this.#isOurs && existsSync(this.socket)) left.push("socket");
    expect({ status: outcome.status, left }, outcome.stderr).toEqual({ status: 0, left: [] });
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
    } finally {
      this.#kill();
    }
  }

  #kill(): void {
    this.#child.kill("SIGKILL");
    this.#folder[Symbol.dispose]();
  }

  get #pidfile(): string {
    return this.#folder.join("pid");
  }

  /** The TMPDIR of the server. */
  get #temporary(): string {
    return this.#folder.join("tmp");
  }

  async #ready(): Promise<void> {
    await unlessEnded(
      this.#outcome,
      until("the start of the server", () => existsSync(this.#pidfile)),
    );
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // The descriptor was closed between the listing and the look.
    return "/dev/null";
  }
}
