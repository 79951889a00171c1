import type { Chain } from "../chain/chain.ts";
import { logText } from "../core/log-text.ts";
import { shellQuote } from "../core/shell.ts";
import { leaveTerminal, releaseStarter } from "./background.ts";
import { Captive, type CaptiveOptions, isTyped } from "./captive.ts";
import { endChain, endWhatIsLeft } from "./end.ts";
import type { Keeper } from "./keeper.ts";
import { type Launch, stdioWith, stillInherited } from "./launch.ts";
import { type Endpoint, endpointText } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import type { Supervisor } from "./notify.ts";
import { writePidfile } from "./pidfile.ts";
import { isSignal, type Quit, type QuitReason } from "./quit.ts";
import { type ReadyMessage, readyMessage, tellStarter } from "./ready.ts";
import { Server } from "./server.ts";
import type { ServerOptions } from "./server-options.ts";
import { statusOfSignal } from "./signals.ts";
import { startKeeper } from "./start-keeper.ts";
import { writeStderr } from "./stderr.ts";
import { writeStdout } from "./stdout.ts";
import { serverUri } from "./uri.ts";

/** Options of the process around the server. */
export interface RunOptions extends ServerOptions {
  readonly log: ServerLog;
  /** True in the detached copy: leave the terminal as soon as clients can connect. */
  readonly toBackground: boolean;
  /** Leaves stderr open in the background. */
  readonly keepStderr: boolean;
  readonly pidfile?: string;
  readonly run?: Pick<CaptiveOptions, "command"> & {
    readonly launch: Launch;
    /** The environment that this process was started with. */
    readonly environment: NodeJS.ProcessEnv;
  };
  /** -e: used only in the URI. */
  readonly exportName: string;
  readonly printUri: boolean;
  /** Called before any socket is opened (--swap). */
  readonly prepare?: () => void;
  /** Changes user and group (-u, -g). */
  readonly changeIdentity?: (endpoint: Endpoint) => void;
}

/**
 * Runs a serving process, step by step in nbdkit's order, because scripts rely on it. The chain is loaded and
 * configured.
 * @returns the exit status
 */
export async function run(chain: Chain, options: RunOptions, quit: Quit): Promise<number> {
  let inOrder = true;
  let keeper: Keeper | undefined;
  try {
    // A request to end interrupts the wait for a slow plugin.
    await Promise.race([chain.getReady(), quit.asked]);
    if (quit.reason !== undefined) return statusWithoutCommand(quit.reason, options);
    quit.serve();
    // Start the keeper only now: a chain that does not become ready needs none.
    keeper = keeperFor(options);
    options.prepare?.();
    const server = await Server.listen(chain, keeper === undefined ? options : { ...options, keeper });
    process.once("exit", () => server.unlisten());
    const supervisor = await findSupervisor(options.log);
    let captive: Captive | undefined;
    try {
      options.log.debug(`bound to ${endpointText(server.endpoint)}`);
      const ready = readyMessage(serverUri(server.endpoint, options.exportName, options.tls));
      if (ready.uri !== undefined) options.log.debug(`NBD URI: ${ready.uri}`);
      if (options.printUri) printUri(ready);
      // The command keeps the original user, as in nbdkit. Without a guardian, start it before changing uid.
      if (options.changeIdentity !== undefined && keeper?.keepsUser === false)
        captive = startCaptive(keeper, server, options);
      options.changeIdentity?.(server.endpoint);
      if (options.pidfile !== undefined) {
        writePidfile(options.pidfile, options.log);
        options.log.debug(`written pidfile ${options.pidfile}`);
      }
      if (options.toBackground) moveToBackground(options);
      await Promise.race([chain.afterFork(), quit.asked]);
      if (quit.reason !== undefined) return statusWithoutCommand(quit.reason, options);
      if (options.toBackground) releaseStarter(ready);
      server.accept();
      supervisor?.ready();
      void tellStarter(ready);
      // Start the command last, so that no earlier error leaves it running without a server.
      captive ??= startCaptive(keeper, server, options);
      return await untilTheEnd(server, captive, quit);
    } finally {
      supervisor?.stopping();
      quit.stopping(() => server.destroy());
      inOrder = await server.stop();
      // Does nothing when the command has ended; it still runs only after an error.
      await captive?.abandon();
    }
  } finally {
    keeper?.close();
    await endChain(chain, quit, options.log);
    if (!inOrder) endWhatIsLeft();
  }
}

async function findSupervisor(log: ServerLog): Promise<Supervisor | undefined> {
  if (!process.env.NOTIFY_SOCKET) return undefined;
  const { Supervisor } = await import("./notify.ts");
  return new Supervisor(process.env.NOTIFY_SOCKET, log);
}

function moveToBackground({ keepStderr, log }: RunOptions): void {
  leaveTerminal(keepStderr);
  log.settings.errors.movedToBackground?.();
  log.debug(`forked into background (new pid = ${process.pid})`);
}

/** A keeper, only when there is a command or a private directory to clean up. */
function keeperFor({ run, listen }: RunOptions): Keeper | undefined {
  const makesDirectory = listen.kind === "private";
  if (run !== undefined) {
    const stdio = stdioWith(stillInherited(run.launch));
    return startKeeper({ stdio, environment: run.environment, makesDirectory });
  }
  if (!makesDirectory) return undefined;
  // stdio, cwd and session: a server in the background releases its terminal and its working directory.
  return startKeeper({
    stdio: "ignore",
    environment: process.env,
    cwd: "/",
    detached: true,
    makesDirectory,
  });
}

function startCaptive(keeper: Keeper | undefined, server: Server, options: RunOptions): Captive | undefined {
  const { run, exportName, tls } = options;
  if (run === undefined || keeper === undefined) return undefined;
  return new Captive(keeper, { ...run, exportName, tls, report }, server.endpoint);
}

function report(message: string): void {
  writeStderr(`${logText(`nbdkit: ${message}`)}\n`);
}

async function untilTheEnd(server: Server, captive: Captive | undefined, quit: Quit): Promise<number> {
  const served = Promise.race([quit.asked, server.finished.then((): QuitReason => "asked")]);
  if (captive === undefined) return statusOf(await served);
  quit.handleSignals((signal) => {
    if (isTyped(signal)) return;
    quit.noteSignal(signal);
    void captive.requestEnd(signal).then((isReached) => {
      if (!isReached) quit.ask(signal);
    });
  });
  const first = await Promise.race([captive.finished, served]);
  if (typeof first === "number") return first;
  // Stop the server before the command: clients see the disconnection at once, and the command's exit status
  // is ours.
  await server.stop();
  // The signal could not reach the command (sudo): end without it.
  if (isSignal(first)) return statusOfSignal(first);
  return (await captive.finished) || statusOf(first);
}

/** The exit status when the server ends before the command of --run was started, which is an error. */
function statusWithoutCommand(reason: QuitReason, { run, log }: RunOptions): number {
  if (run === undefined) return statusOf(reason);
  if (reason === "asked")
    log.error("the command of --run was not started: the plugin or a filter ended the server before");
  return isSignal(reason) ? statusOfSignal(reason) : 1;
}

function statusOf(reason: QuitReason): number {
  return reason === "failed" ? 1 : 0;
}

/** --print-uri: the URI for copying, and the same two lines that nbdkit prints. */
function printUri({ uri }: ReadyMessage): void {
  if (uri === undefined) return;
  writeStdout(`${uri}\n${shellQuote(uri)}\nnbdinfo ${shellQuote(uri)}\n`);
}
