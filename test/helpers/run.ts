import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the commands under test: that of this package, or of an installed package. */
const commands = process.env.NBDKIT_NODE_TEST_BIN ?? fileURLToPath(new URL("../../bin", import.meta.url));

/** Returns the path of a command under test. */
export const nbdkit: string = join(commands, "nbdkit");
export const nbd: string = join(commands, "nbd");

/**
 * The environment of programs: messages in English, the Node.js that runs the tests, and the system's Python
 * first, which is the one with libnbd where several are installed. npm's compile cache is off: from Node.js
 * 22 on, npm would write it to the temporary folder, which tests check for leftover files.
 */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  LC_ALL: "C.UTF-8",
  PATH: `${dirname(process.execPath)}:/usr/bin:${process.env.PATH}`,
  NODE_EXTRA_CA_CERTS: undefined,
  NODE_DISABLE_COMPILE_CACHE: "1",
};

/**
 * Shortens the time that a server waits at shutdown without progress, or while a plugin blocks JavaScript
 * (src/server/stall.ts). Not shorter: on a loaded machine the server must reset its watchdog in time.
 */
export const shortStall: NodeJS.ProcessEnv = { NBDKIT_NODE_STALL_MS: "2000" };

export interface Outcome {
  /** The exit status as in a shell: 128+N when signal N ended the program. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return outcomeOf(launch(program, args, options));
}

/** The same, for programs that must succeed; returns their output. */
export async function succeed(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, options);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: status ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Runs nbdkit ARGS --run SCRIPT, which must succeed. */
export function captive(args: readonly string[], script: string, options?: RunOptions): Promise<string> {
  return succeed(nbdkit, ["-U", "-", ...args, "--run", script], options);
}

export function launch(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...environment, ...options.env },
  });
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  return { status, stdout: stdout(), stderr: stderr() };
}

/** Waits for `ready`. @throws when the program ends before */
export async function unlessEnded(outcome: Promise<Outcome>, ready: Promise<unknown>): Promise<void> {
  const early = outcome.then(({ status, stderr }) => {
    throw new Error(`the program ended too early with status ${status}: ${stderr}`);
  });
  await Promise.race([early, ready]);
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
