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
import type { ServerOptions } from "./options.ts";
import { writePidfile } from "./pidfile.ts";
import { isSignal, type Quit, type QuitReason } from "./quit.ts";
import { type ReadyMessage, readyMessage, tellStarter } from "./ready.ts";
import { Server } from "./server.ts";
import { statusOfSignal } from "./signals.ts";
import { startKeeper } from "./start-keeper.ts";
import { writeStderr } from "./stderr.ts";
import { writeStdout } from "./stdout.ts";
import { serverUri } from "./uri.ts";

/** What the process around the server is to do. */
export interface RunOptions extends ServerOptions {
  readonly log: ServerLog;
  /** This is the detached copy of ourselves: leave the terminal as soon as clients can connect. */
  readonly toBackground: boolean;
  /** Somebody wants to read stderr even then. */
  readonly keepStderr: boolean;
  readonly pidfile?: string;
  readonly run?: Pick<CaptiveOptions, "command"> & {
    readonly launch: Launch;
    /** The one that this process was given. */
    readonly environment: NodeJS.ProcessEnv;
  };
  /** -e: goes into the URI, and nowhere else. */
  readonly exportName: string;
  readonly printUri: boolean;
  /** Called before anything is opened for clients (--swap). */
  readonly prepare?: () => void;
  /** Becomes another user or group (-u, -g). */
  readonly changeIdentity?: (endpoint: Endpoint) => void;
}

/**
 * The life of a serving process, in nbdkit's order, which scripts rely on. The chain has been loaded and configured.
 * @returns the exit status
 */
export async function run(chain: Chain, options: RunOptions, quit: Quit): Promise<number> {
  let inOrder = true;
  let keeper: Keeper | undefined;
  try {
    // Nobody waits for a plugin that keeps us from ending.
    await Promise.race([chain.getReady(), quit.asked]);
    if (quit.reason !== undefined) return statusWithoutCommand(quit.reason, options);
    quit.serve();
    // Not before: until then a signal kills all that this process has started.
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
      // The command keeps the original user, as nbdkit's does, so without a guardian it has to start before the change.
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
      // Last, so that no failure of ours leaves a command alone.
      captive ??= startCaptive(keeper, server, options);
      return await untilTheEnd(server, captive, quit);
    } finally {
      supervisor?.stopping();
      quit.stopping(() => server.destroy());
      inOrder = await server.stop();
      // It has ended, unless something of ours failed.
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

/** Only for what has to end with this process: a command, or a private directory. */
function keeperFor({ run, listen }: RunOptions): Keeper | undefined {
  const makesDirectory = listen.kind === "private";
  if (run !== undefined) {
    const stdio = stdioWith(stillInherited(run.launch));
    return startKeeper({ stdio, environment: run.environment, makesDirectory });
  }
  if (!makesDirectory) return undefined;
  // A server in the background gives up its terminal and its working directory.
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
    quit.hear(signal);
    void captive.tellToEnd(signal).then((isReached) => {
      if (!isReached) quit.ask(signal);
    });
  });
  const first = await Promise.race([captive.finished, served]);
  if (typeof first === "number") return first;
  // The server ends before its command: clients see that at once, and the command's own end decides what we say.
  await server.stop();
  // Unless it was out of reach for a signal that was meant to end it (sudo): then it goes on by itself.
  if (isSignal(first)) return statusOfSignal(first);
  return (await captive.finished) || statusOf(first);
}

/** A command that was to run and did not is no success. */
function statusWithoutCommand(reason: QuitReason, { run, log }: RunOptions): number {
  if (run === undefined) return statusOf(reason);
  if (reason === "asked")
    log.error("the command of --run was not started: the plugin or a filter ended the server before");
  return isSignal(reason) ? statusOfSignal(reason) : 1;
}

function statusOf(reason: QuitReason): number {
  return reason === "failed" ? 1 : 0;
}

/** --print-uri: for people to copy, and the line that nbdkit prints beside it. */
function printUri({ uri }: ReadyMessage): void {
  if (uri === undefined) return;
  writeStdout(`${uri}\n${shellQuote(uri)}\nnbdinfo ${shellQuote(uri)}\n`);
}
