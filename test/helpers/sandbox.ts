import type { ChildProcess, SpawnOptions } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Folder } from "./folder.ts";
import { launch, nbdkit, type Outcome, outcomeOf } from "./run.ts";
import { atTestEnd } from "./test-end.ts";
import { until } from "./until.ts";

/** Every process of a sandbox inherits this variable, so it is found also when its parent has ended. */
const marker = "NBDKIT_NODE_TEST_SANDBOX";

/**
 * Runs commands with a temporary folder of their own, and finds the processes and files that they leave
 * behind.
 */
export class Sandbox {
  readonly folder: Folder = new Folder();
  /** The TMPDIR of all commands. */
  readonly temporary: string;
  readonly #mark = randomUUID();
  #ended = false;

  constructor(temporary = "tmp") {
    this.temporary = this.folder.join(temporary);
    mkdirSync(this.temporary);
    atTestEnd(() => this[Symbol.asyncDispose]());
  }

  /** Runs the command under test to its end. */
  nbdkit(args: readonly string[], options?: SpawnOptions): Promise<Outcome> {
    return outcomeOf(this.start(nbdkit, args, options));
  }

  /** Runs a script to its end. The command under test is `"$nbdkit"`. */
  sh(script: string, options?: SpawnOptions): Promise<Outcome> {
    return outcomeOf(this.start("/bin/sh", ["-c", script], options));
  }

  start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const env = { TMPDIR: this.temporary, nbdkit, [marker]: this.#mark, ...options.env };
    return launch(program, args, { cwd: this.folder.path, ...options, env });
  }

  /** Writes a file into the folder and returns its path. */
  file(name: string, text: string): string {
    const path = this.folder.join(name);
    writeFileSync(path, text);
    return path;
  }

  /** Returns the content of a file in the folder; undefined when it does not exist. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.folder.join(name), "utf8");
    } catch {
      return undefined;
    }
  }

  /** Waits for a file in the folder and returns the number in it. */
  number(name: string): Promise<number> {
    return until(name, () => Number(/^(\d+)\n/.exec(this.read(name) ?? "")?.[1]));
  }

  /** Returns all files below the temporary folder. */
  get leftFiles(): string[] {
    return (readdirSync(this.temporary, { recursive: true }) as string[]).sort();
  }

  /** The running processes of this sandbox (Linux). */
  get processes(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(`${marker}=${this.#mark}`))
      .map(Number);
  }

  /** Resolves when nothing runs and no temporary file is left. */
  async empty(): Promise<void> {
    await until("nothing left", () => this.processes.length === 0 && this.leftFiles.length === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const pid of this.processes) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // The process has just ended.
      }
    }
    await until("the end of all processes", () => this.processes.length === 0);
    this.folder[Symbol.dispose]();
  }
}

/** Returns the exit status of a process, as in a shell. */
export function ended(child: ChildProcess): Promise<number> {
  return outcomeOf(child).then(({ status }) => status);
}

/** Sends a signal repeatedly, until the process has ended. */
export async function insist(child: ChildProcess, signal: NodeJS.Signals): Promise<Outcome> {
  const outcome = outcomeOf(child);
  const again = setInterval(() => child.kill(signal), 100);
  try {
    child.kill(signal);
    return await outcome;
  } finally {
    clearInterval(again);
  }
}

/** Resolves when the process has printed the text. Rejects when it ends without the text. */
export function printed(child: ChildProcess, text: string): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    child.stdout!.on("data", (chunk: Buffer) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
    child.once("close", () => reject(new Error(`the program printed ${JSON.stringify(seen)} and ended`)));
  });
}

/** A zombie has no environment. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
