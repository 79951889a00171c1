import { resolve } from "node:path";
import { NbdError } from "../core/errors.ts";
import { isDetachedCopy, startDetachedCopy } from "../server/background.ts";
import type { Launch } from "../server/launch.ts";
import { defaultPort } from "../server/listen.ts";
import { StderrLog } from "../server/log.ts";
import type { ListenOptions } from "../server/options.ts";
import { Quit } from "../server/quit.ts";
import { run } from "../server/run.ts";
import { inheritedDescriptors } from "../server/socket-activation.ts";
import { prepareTls, type TlsOptions } from "../server/tls.ts";
import type { Invocation } from "./invocation.ts";
import { buildChain, loadComponents, requirePlugin, unusedDebugFlags } from "./load.ts";
import { configure } from "./parameters.ts";

/** nbdkit PLUGIN ...: configures the chain, then serves until the end. @returns the exit status */
export async function serve(invocation: Invocation, launch: Launch): Promise<number> {
  requirePlugin(invocation);
  const listen = whereToListen(invocation);
  const toBackground = isDetachedCopy();
  const background = !invocation.foreground && listen.kind !== "inherited";
  if (background && !toBackground) return startDetachedCopy(launch);

  const environment = { ...process.env };
  // As many file operations at once as one connection may have requests; libuv reads it when first needed.
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, Math.min(invocation.threads, 1024)));
  const log = new StderrLog(invocation.verbose);
  const quit = new Quit(log);
  const components = await loadComponents(invocation);
  for (const flag of unusedDebugFlags(components, invocation)) {
    process.stderr.write(`nbdkit: warning: debug flag -D ${flag} was not used\n`);
  }
  const tls = await prepareTls(absolutePaths(invocation.tls), log);
  const chain = buildChain(components, invocation, log, () => quit.ask());
  try {
    configure(chain, invocation.parameters);
    await chain.configComplete();
  } catch (error) {
    await chain.unload();
    throw error;
  }
  return run(
    chain,
    {
      listen,
      readOnly: invocation.readOnly,
      threads: invocation.threads,
      handshake: invocation.handshake,
      keepalive: invocation.keepalive,
      tls,
      log,
      toBackground,
      exportName: invocation.exportName,
      printUri: invocation.printUri,
      ...(invocation.pidfile === undefined ? {} : { pidfile: invocation.pidfile }),
      ...(invocation.run === undefined ? {} : { run: { command: invocation.run, environment, launch } }),
    },
    quit,
  );
}

/** Names stay good when the server moves to "/", and for commands that move elsewhere. */
function absolutePaths({ certificates, psk, ...tls }: TlsOptions): TlsOptions {
  return {
    ...tls,
    ...(certificates === undefined ? {} : { certificates: resolve(certificates) }),
    ...(psk === undefined ? {} : { psk: resolve(psk) }),
  };
}

function whereToListen(invocation: Invocation): ListenOptions {
  const descriptors = inheritedDescriptors();
  if (descriptors !== undefined) {
    if (
      invocation.ipAddress !== undefined ||
      invocation.port !== undefined ||
      invocation.unix !== undefined ||
      invocation.single ||
      invocation.run !== undefined
    ) {
      throw new NbdError("EINVAL", "cannot use socket activation (LISTEN_FDS) with -i, -p, --run, -s or -U");
    }
    return { kind: "inherited", descriptors };
  }
  if (invocation.single) return { kind: "stdio" };
  if (invocation.unix !== undefined) {
    return invocation.unix === "-" ? { kind: "private" } : { kind: "unix", path: invocation.unix };
  }
  const tcp =
    invocation.port !== undefined || invocation.ipAddress !== undefined || invocation.family !== undefined;
  // Since nbdkit 1.36 a captive server is private unless it is told otherwise.
  if (invocation.run !== undefined && !tcp) return { kind: "private" };
  return {
    kind: "tcp",
    port: invocation.port ?? defaultPort,
    ...(invocation.ipAddress === undefined ? {} : { host: invocation.ipAddress }),
    ...(invocation.family === undefined ? {} : { family: invocation.family }),
  };
}
