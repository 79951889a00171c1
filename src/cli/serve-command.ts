import { messageOf } from "../core/errors.ts";
import { logText } from "../core/log-text.ts";
import { compatibleVersion, ownVersion } from "../core/version.ts";
import { buildChain, type Components } from "../registry/assemble.ts";
import { isDetachedCopy, startDetachedCopy, tellFailure } from "../server/background.ts";
import { openErrorSink } from "../server/error-sink.ts";
import type { Launch } from "../server/launch.ts";
import { ServerLog } from "../server/log.ts";
import { Quit } from "../server/quit.ts";
import { tellStarter } from "../server/ready.ts";
import { run } from "../server/run.ts";
import type { ListenOptions } from "../server/server-options.ts";
import { writeStderr } from "../server/stderr.ts";
import { showCommandLine } from "../server/title.ts";
import { prepareTls } from "../server/tls.ts";
import { debugFlagWarnings } from "./debug-flags.ts";
import type { Invocation } from "./invocation.ts";
import { whereToListen } from "./listen-options.ts";
import { loadNamed, requirePlugin } from "./load.ts";
import { configure } from "./parameters.ts";
import { heedParent } from "./parent.ts";
import { identityStep, lockMemory } from "./privileges.ts";
import { programName } from "./program-name.ts";
import { fixTemporaryFolder } from "./temporary-folder.ts";

/** The umask of the server, as in nbdkit. Files that plugins create get these permissions. */
const fileModeMask = 0o022;

/** What the parent process passed to the serving process. */
interface Start {
  readonly launch: Launch;
  readonly environment: NodeJS.ProcessEnv;
  readonly listen: ListenOptions;
  /** This process is the detached copy that serves in the background. */
  readonly toBackground: boolean;
}

/** nbdkit PLUGIN ...: configures the chain, then serves until the server stops. @returns the exit status */
export async function serve(
  invocation: Invocation,
  args: readonly string[],
  launch: Launch,
): Promise<number> {
  requirePlugin(invocation);
  const listen = whereToListen(invocation);
  const toBackground = isDetachedCopy();
  const background = !invocation.foreground && listen.kind !== "inherited";
  if (background && !toBackground) return startInBackground(launch);

  showCommandLine(args);
  process.umask(fileModeMask);
  const start = { launch, environment: { ...process.env }, listen, toBackground };
  fixTemporaryFolder();
  // One thread per request of a connection. libuv reads this variable when it starts its thread pool.
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, Math.min(invocation.threads, 1024)));

  const program = programName(invocation.name);
  const errors = openErrorSink(invocation.log, program);
  try {
    return await serveHere(
      invocation,
      start,
      new ServerLog({ verbose: invocation.verbose, program, errors }),
    );
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

async function serveHere(invocation: Invocation, start: Start, log: ServerLog): Promise<number> {
  log.debug(`nbdkit ${compatibleVersion} (${ownVersion})`);
  if ((invocation.debugFlags.get("nbdkit.environ") ?? 0) > 0) showEnvironment(start, log);
  const quit = new Quit(log, log.settings.errors.reopen);
  const { launch, environment, listen, toBackground } = start;
  heedParent(invocation, launch);
  const identity = await identityStep(invocation, listen, launch, log);
  const components = await loadNamed(invocation);
  if (log.verbose) showComponents(components, log);
  for (const warning of debugFlagWarnings(components, invocation.debugFlags)) {
    writeStderr(`${logText(`${log.settings.program}: warning: ${warning}`)}\n`);
  }
  const tls = await prepareTls(invocation.tls, log);
  const { debugFlags } = invocation;
  const stdioSafe = listen.kind !== "stdio";
  const chain = buildChain(components, { log, debugFlags, stdioSafe, shutdown: () => quit.ask() });
  try {
    configure(chain, invocation.parameters);
    await chain.configComplete();
  } catch (error) {
    await chain.unload();
    throw error;
  }
  log.debug(`using thread model: ${chain.threadModel}`);
  return run(
    chain,
    {
      listen,
      readOnly: invocation.readOnly,
      threads: invocation.threads,
      handshake: invocation.handshake,
      keepalive: invocation.keepalive,
      busyPollUs: invocation.busyPollUs,
      tls,
      log,
      toBackground,
      keepStderr: invocation.verbose || invocation.log === "stderr",
      exportName: invocation.exportName,
      printUri: invocation.printUri,
      ...(invocation.pidfile === undefined ? {} : { pidfile: invocation.pidfile }),
      ...(invocation.run === undefined ? {} : { run: { command: invocation.run, environment, launch } }),
      ...(invocation.swap ? { prepare: () => lockMemory(invocation, log) } : {}),
      ...identity,
    },
    quit,
  );
}

function showComponents({ plugin, filters }: Components, log: ServerLog): void {
  log.debug(`registered plugin ${plugin.path()} (name ${plugin.definition.name})`);
  for (const { path, definition } of filters)
    log.debug(`registered filter ${path()} (name ${definition.name})`);
}

/**
 * -D nbdkit.environ=1: logs the environment as it was before this process changed it, to find wrong
 * variables.
 */
function showEnvironment({ environment }: Start, log: ServerLog): void {
  for (const [name, value] of Object.entries(environment)) log.debug(`environ: ${name}=${value}`);
}
