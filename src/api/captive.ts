import { text } from "node:stream/consumers";
import { asyncDispose } from "../core/dispose.ts";
import { Captive } from "../server/captive.ts";
import type { CommandStreams } from "../server/command.ts";
import { startKeeper } from "../server/start-keeper.ts";
import { checkCaptive } from "./check-options.ts";
import type { NbdServer } from "./nbd-server.ts";
import { serveWith, warnings } from "./serve.ts";
import type { CaptiveOptions } from "./serve-options.ts";

/** The shell process of a command, and the streams that `stdio` made pipes. */
export interface CaptiveChild extends CommandStreams {
  /** The process id of the shell; undefined when it could not be started. */
  readonly pid: number | undefined;
}

/** A running command and its own server, which lives as long as the command. */
export interface CaptiveCommand extends AsyncDisposable {
  /** The server that the command uses. */
  readonly server: NbdServer;
  /** The shell that runs the command. */
  readonly child: CaptiveChild;
  /**
   * Resolves when the command and the server have ended, with the exit status as a shell reports it. Never
   * rejects.
   */
  readonly finished: Promise<number>;
  /**
   * Sends a signal (default SIGTERM) to the command and its descendants; after a second call, or 10 seconds,
   * SIGKILL.
   */
  kill(signal?: NodeJS.Signals): void;
}

/** The exit status and the output of a command. */
export interface CaptiveResult {
  /** The exit status as a shell reports it: 128+N when signal N killed the command. */
  readonly status: number;
  /** The standard output of the command; "" when `stdio` made no pipe of it. */
  readonly stdout: string;
  /** The standard error output of the command; "" when `stdio` made no pipe of it. */
  readonly stderr: string;
}

/**
 * Starts a server, and a command under `/bin/sh -c` that uses it. The command finds the server in the shell
 * variables `$uri`, `$unixsocket`, `$port`, `$exportname` and `$nbd` (nbdkit-captive(1)). The server ends
 * with the command. The command gets SIGTERM when `signal` is aborted, or when the server ends for another
 * reason.
 * @param command a script for `/bin/sh -c`
 * @returns the running command and its server
 * @throws the errors of `serve`
 */
export async function spawn(command: string, options: CaptiveOptions): Promise<CaptiveCommand> {
  checkCaptive("spawn", command, options);
  const { stdio = "inherit", env = process.env, ...served } = options;
  const { log = warnings, signal } = served;
  const starting = new AbortController();
  let stop = (): void => starting.abort(signal?.reason);
  signal?.addEventListener("abort", () => stop(), { once: true });
  signal?.throwIfAborted();
  const keeper = startKeeper({
    stdio,
    environment: env,
    makesDirectory: (served.listen?.kind ?? "private") === "private",
  });
  const server = await serveWith(served, starting.signal, keeper).catch((error: unknown) => {
    keeper.close();
    throw error;
  });
  const captive = new Captive(
    keeper,
    { command, report: (message) => log.error(message) },
    { endpoint: server.address, exportName: options.exportName ?? "", tls: server.tls },
  );
  const { stdin, stdout, stderr } = captive.command.streams;
  const pid = await captive.command.pid;
  const kill = (name: NodeJS.Signals = "SIGTERM"): void => void captive.requestEnd(name);
  // Keep serving until the command has ended, so that it can still flush.
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
 * Runs a command with its own server until both have ended, as `nbdkit ... --run COMMAND` does, and collects
 * its output:
 *
 * ```ts
 * const { status, stdout } = await run('nbdinfo --size "$uri"', { plugin: "memory", parameters: { size: "1M" } });
 * ```
 *
 * @param command a script for `/bin/sh -c`
 * @returns the exit status and the output
 * @throws the errors of `serve`; the reason of `signal` when it is aborted
 */
export async function run(command: string, options: CaptiveOptions): Promise<CaptiveResult> {
  checkCaptive("run", command, options);
  const captive = await spawn(command, { stdio: ["inherit", "pipe", "pipe"], ...options });
  try {
    const { child, finished } = captive;
    const outputOf = (stream: typeof child.stdout) => (stream === null ? "" : text(stream));
    const outputs = [outputOf(child.stdout), outputOf(child.stderr)] as const;
    const [status, stdout, stderr] = await Promise.all([finished, ...outputs]);
    options.signal?.throwIfAborted();
    return { status, stdout, stderr };
  } finally {
    // Avoid `await using`: Node.js 20 has no Symbol.asyncDispose in the contexts of `node:vm`.
    await captive[asyncDispose]();
  }
}
