import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { Folder } from "../plugins/folder.ts";
import { launch, nbdkit, type Outcome, outcomeOf } from "./run.ts";
import { atTestEnd } from "./test-end.ts";

export interface ServerOptions {
  /** Default: the one under test. */
  readonly program?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Shell commands that change what the server finds: `ulimit -n 40`. */
  readonly before?: string;
}

/**
 * A server in the foreground on a Unix socket of its own. Leaving its scope stops it with SIGTERM, and it must then
 * end in order: status 0, no process, socket or temporary file left.
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

  /** Clients can connect when it resolves. */
  static async start(args: readonly string[], options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(args, options);
    await server.#ready();
    return server;
  }

  uri(exportName = ""): string {
    return `nbd+unix:///${encodeURIComponent(exportName)}?socket=${this.socket}`;
  }

  /** What it wrote to stderr so far. */
  get said(): string {
    return this.#said;
  }

  /** How many sockets and files it has open, without what Node's loops use themselves; 0 where the system does not tell. */
  get descriptors(): number {
    if (process.platform !== "linux") return 0;
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).filter(
      (fd) => !/^(anon_inode|pipe):|^\/dev\/null$/.test(target(`${folder}/${fd}`)),
    ).length;
  }

  /** The most memory that it ever used, in bytes (Linux). */
  get peakBytes(): number {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"));
    return Number(line![1]) * 1024;
  }

  /** SIGTERM, then the end, which must be in order. */
  async stop(): Promise<Outcome> {
    this.#child.kill("SIGTERM");
    const outcome = await this.#outcome;
    const left = readdirSync(this.#temporary);
    // nbdkit leaves its socket behind; we don't.
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

  /** TMPDIR of the server. */
  get #temporary(): string {
    return this.#folder.join("tmp");
  }

  async #ready(): Promise<void> {
    const ended = this.#outcome.then(({ status, stderr }) => {
      throw new Error(`the server ended with status ${status} before it served: ${stderr}`);
    });
    ended.catch(() => {});
    await Promise.race([ended, until(() => existsSync(this.#pidfile))]);
  }
}

/** Waits for something that no event tells about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(10);
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // It was closed between the listing and the look.
    return "/dev/null";
  }
}
