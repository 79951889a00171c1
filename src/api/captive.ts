import { text } from "node:stream/consumers";
import { asyncDispose } from "../core/dispose.ts";
import { Captive } from "../server/captive.ts";
import type { CommandStreams } from "../server/command.ts";
import { startKeeper } from "../server/start-keeper.ts";
import { checkCaptive } from "./option-shapes.ts";
import type { CaptiveOptions } from "./options.ts";
import { serveWith, warnings } from "./serve.ts";
import type { NbdServer } from "./server.ts";

/** The shell that runs a command, and its streams as far as `stdio` made pipes of them. */
export interface CaptiveChild extends CommandStreams {
  /** Its process id; undefined when it could not be started. */
  readonly pid: number | undefined;
}

/** A command with a server of its own, as long as it lives. */
export interface CaptiveCommand extends AsyncDisposable {
  readonly server: NbdServer;
  readonly child: CaptiveChild;
  /** The exit status of the command, as a shell has it, when both have ended. Never rejects. */
  readonly finished: Promise<number>;
  /** Sends a signal to the command and all that it started; the second one, or 10 seconds, kill. */
  kill(signal?: NodeJS.Signals): void;
}

/** How a command ended. */
export interface CaptiveResult {
  /** The exit status, as a shell has it: 128+N when signal N killed the command. */
  readonly status: number;
  /** What it printed, where it was collected; else "". */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a server, and under `/bin/sh -c` a command that finds it in the shell variables `$uri`, `$unixsocket`, `$port`,
 * `$exportname` and `$nbd` (nbdkit-captive(1)). When the command ends, the server does. When `signal` is aborted, or the server ends for
 * another reason, the command is told to end.
 * @throws as `serve` does
 */
export async function spawn(command: string, options: CaptiveOptions): Promise<CaptiveCommand> {
  checkCaptive("spawn", command, options);
  const { stdio = "inherit", env = process.env, ...served } = options;
  const { log = warnings, signal } = served;
  const starting = new AbortController();
  let stop = (): void => starting.abort(signal!.reason);
  signal?.addEventListener("abort", () => stop(), { once: true });
  signal?.throwIfAborted();
  const keeper = startKeeper({
    stdio,
    environment: env,
    makesDirectory: (served.listen?.kind ?? "private") === "private",
  });
  const server = await serveWith({ ...served, signal: starting.signal }, keeper).catch((error: unknown) => {
    keeper.close();
    throw error;
  });
  const captive = new Captive(
    keeper,
    {
      command,
      exportName: options.exportName ?? "",
      tls: server.tls,
      report: (message) => log.error(message),
    },
    server.address,
  );
  const { stdin, stdout, stderr } = captive.command.streams;
  const pid = await captive.command.pid;
  const kill = (name: NodeJS.Signals = "SIGTERM"): void => void captive.tellToEnd(name);
  // The server goes on until the command has ended, so that it can still flush.
  stop = kill;
  void server.closed.then(() => kill());
  const finished = captive.finished.then(async (status) => {
    await server.close();
    keeper.close();
    return status;
  });
  return {
    server,
    child: { pid, stdin, stdout, stderr },
    finished,
    kill,
    [asyncDispose]: async () => {
      await captive.abandon();
      await finished;
    },
  };
}

/**
 * Runs a command with a server of its own to the end, as `nbdkit ... --run COMMAND` does, and collects what it prints:
 *
 * ```ts
 * const { status, stdout } = await run('nbdinfo --size "$uri"', { plugin: "memory", parameters: { size: "1M" } });
 * ```
 *
 * @throws as `serve` does; the signal's reason when it is aborted
 */
export async function run(command: string, options: CaptiveOptions): Promise<CaptiveResult> {
  checkCaptive("run", command, options);
  const captive = await spawn(command, { stdio: ["inherit", "pipe", "pipe"], ...options });
  try {
    const { child, finished } = captive;
    const collected = [child.stdout, child.stderr].map((stream) => (stream === null ? "" : text(stream)));
    const [status, stdout, stderr] = await Promise.all([finished, ...collected]);
    options.signal?.throwIfAborted();
    return { status, stdout: stdout!, stderr: stderr! };
  } finally {
    // No `await using`, which Node.js 20 cannot do in the contexts of `node:vm`.
    await captive[asyncDispose]();
  }
}
