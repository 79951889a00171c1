import { constants } from "node:os";
import type { Chain } from "../backend/chain.ts";
import { shellQuote } from "../core/shell.ts";
import { moveToBackground } from "./background.ts";
import { Captive, type CaptiveOptions } from "./captive.ts";
import type { ServerOptions } from "./options.ts";
import { writePidfile } from "./pidfile.ts";
import type { Quit, QuitReason } from "./quit.ts";
import { Server } from "./server.ts";
import { serverUri } from "./uri.ts";

/** What the process around the server is to do. */
export interface RunOptions extends ServerOptions {
  /** This is the detached copy of ourselves: leave the terminal as soon as clients can connect. */
  readonly toBackground: boolean;
  readonly pidfile?: string;
  readonly run?: Pick<CaptiveOptions, "command" | "environment" | "launch">;
  /** -e: goes into the URI, and nowhere else. */
  readonly exportName: string;
  readonly printUri: boolean;
}

/**
 * The life of a serving process, in nbdkit's order, which scripts rely on. The chain has been loaded and configured.
 * @returns the exit status
 */
export async function run(chain: Chain, options: RunOptions, quit: Quit): Promise<number> {
  try {
    quit.catchSignals();
    // Nobody waits for a plugin that keeps us from ending.
    await Promise.race([chain.getReady(), quit.asked]);
    if (quit.reason !== undefined) return statusWithoutCommand(quit.reason, options);
    const server = await Server.listen(chain, options);
    try {
      if (options.printUri) printUri(server, options);
      writePidfile(options.pidfile);
      if (options.toBackground) moveToBackground(options.log.verbose);
      await Promise.race([chain.afterFork(), quit.asked]);
      if (quit.reason !== undefined) return statusWithoutCommand(quit.reason, options);
      // Last, so that no failure of ours leaves a command alone.
      const captive = startCaptive(server, options);
      server.accept();
      return await untilTheEnd(server, captive, quit);
    } finally {
      // Whoever asks once more has lost patience.
      quit.handleSignals(() => server.destroy());
      await server.stop();
    }
  } finally {
    quit.handleSignals((signal) => process.exit(128 + constants.signals[signal]));
    await chain.cleanup();
    await chain.unload();
  }
}

function startCaptive(server: Server, options: RunOptions): Captive | undefined {
  const { run, exportName, tls } = options;
  return run === undefined ? undefined : new Captive({ ...run, exportName, tls }, server.endpoint);
}

async function untilTheEnd(server: Server, captive: Captive | undefined, quit: Quit): Promise<number> {
  const served = Promise.race([quit.asked, server.finished.then((): QuitReason => "asked")]);
  if (captive === undefined) return statusOf(await served);
  quit.handleSignals((signal) => captive.tellToEnd(signal));
  const first = await Promise.race([captive.finished, served]);
  if (typeof first === "number") return first;
  // The server ends before its command: clients see that at once, and the command's own end decides what we say.
  await server.stop();
  return (await captive.finished) || statusOf(first);
}

/** A command that was to run and did not is no success. */
function statusWithoutCommand(reason: QuitReason, { run }: RunOptions): number {
  if (run === undefined) return statusOf(reason);
  return reason in constants.signals ? 128 + constants.signals[reason as NodeJS.Signals] : 1;
}

function statusOf(reason: QuitReason): number {
  return reason === "failed" ? 1 : 0;
}

/** --print-uri: for people to copy, and the line that nbdkit prints beside it. */
function printUri(server: Server, { exportName, tls }: RunOptions): void {
  const uri = serverUri(server.endpoint, exportName, tls);
  if (uri === undefined) return;
  process.stdout.write(`${uri}\n${shellQuote(uri)}\nnbdinfo ${shellQuote(uri)}\n`);
}
