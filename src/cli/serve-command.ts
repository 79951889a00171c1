import { messageOf } from "../core/errors.ts";
import { compatibleVersion, ownVersion } from "../core/version.ts";
import { isDetachedCopy, startDetachedCopy, tellFailure } from "../server/background.ts";
import { openErrorSink } from "../server/error-sink.ts";
import type { Launch } from "../server/launch.ts";
import { live } from "../server/life.ts";
import { ServerLog } from "../server/log.ts";
import type { ProcessOptions } from "../server/process-options.ts";
import { Quit } from "../server/quit.ts";
import { tellStarter } from "../server/ready.ts";
import { ServerProcess } from "../server/server-process.ts";
import { showCommandLine } from "../server/title.ts";
import type { Invocation } from "./invocation.ts";
import { whereToListen } from "./listen-options.ts";
import { requirePlugin } from "./load.ts";
import { settingsOf } from "./parameters.ts";
import { heedParent } from "./parent.ts";
import { programName } from "./program-name.ts";
import { fixTemporaryFolder } from "./temporary-folder.ts";

/** The umask of the server, as in nbdkit. Files that plugins create get these permissions. */
const fileModeMask = 0o022;

/** nbdkit PLUGIN ...: configures the chain, then serves until the server stops. @returns the exit status */
export async function serve(
  invocation: Invocation,
  args: readonly string[],
  launch: Launch,
): Promise<number> {
  const plugin = requirePlugin(invocation);
  const toBackground = isDetachedCopy();
  const original = { ...process.env };
  const listen = whereToListen(invocation);
  const background = !invocation.foreground && listen.kind !== "inherited";
  if (background && !toBackground) return startInBackground(launch);

  showCommandLine(args);
  process.umask(fileModeMask);
  const environment = { ...process.env };
  fixTemporaryFolder();
  // One thread per request of a connection. libuv reads this variable when it starts its thread pool.
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, Math.min(invocation.threads, 1024)));

  const program = programName(invocation.name);
  const errors = openErrorSink(invocation.logTo, program);
  const log = new ServerLog({ verbose: invocation.verbose, program, errors });
  const settings = settingsOf(invocation.parameters);
  log.debug(`nbdkit ${compatibleVersion} (${ownVersion})`);
  if ((invocation.debugFlags.get("nbdkit.environ") ?? 0) > 0) showEnvironment(original, log);
  try {
    return await serveHere({
      ...invocation,
      plugin,
      settings,
      listen,
      log,
      launch,
      environment,
      toBackground,
    });
  } catch (error) {
    // Also log to stderr: the parent process or the user reads the reason of a failed start there.
    if (!errors.isStderr) errors.write("", messageOf(error));
    tellFailure(messageOf(error));
    throw error;
  }
}

async function startInBackground(launch: Launch): Promise<number> {
  let notified = Promise.resolve();
  const status = await startDetachedCopy(launch, (message) => {
    notified = tellStarter(message);
  });
  await notified;
  return status;
}

async function serveHere(options: ProcessOptions): Promise<number> {
  const { log, launch } = options;
  const quit = new Quit(log, log.settings.errors.reopen);
  heedParent(options, launch);
  const serverProcess = await ServerProcess.prepare(options, quit);
  await live(options, { end: quit, serverProcess });
  return serverProcess.status;
}

/**
 * -D nbdkit.environ=1: logs the environment as it was before this process changed it, to find wrong
 * variables.
 */
function showEnvironment(environment: NodeJS.ProcessEnv, log: ServerLog): void {
  for (const [name, value] of Object.entries(environment)) log.debug(`${name}=${value}`);
}
