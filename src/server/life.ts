import { buildChain, loadComponents } from "../registry/assemble.ts";
import { endChain } from "./end.ts";
import type { EndRequest } from "./end-request.ts";
import type { Keeper } from "./keeper.ts";
import { Server } from "./server.ts";
import type { ConnectionWatcher, ServerOptions } from "./server-options.ts";
import type { ServerProcess } from "./server-process.ts";
import { configure } from "./settings.ts";
import { prepareTls } from "./tls.ts";

/** What a server needs from the process of the command, or from the program that called `serve`. */
export interface ServerContext {
  readonly end: Pick<EndRequest<unknown>, "asked" | "reason" | "ask">;
  /** The steps that only a process has; absent for a server in a program. */
  readonly serverProcess?: ServerProcess;
  /** Removes a private directory if this process is killed; a process starts its own. */
  readonly keeper?: Keeper;
  /** Called when clients connect and disconnect. */
  readonly watcher?: ConnectionWatcher;
  /** Called when the server has begun to accept clients. */
  serves?(server: Server): void;
}

/**
 * The life of a server, step by step in nbdkit's order, because scripts rely on it.
 * @returns when the server has ended. A server that is asked to end before it accepts clients ends without a
 * call of {@link ServerContext.serves}
 * @throws the error of a step that failed, after the steps that clean up
 */
export async function live(options: ServerOptions, context: ServerContext): Promise<void> {
  const { end, serverProcess, watcher } = context;
  const { log, listen, debugFlags } = options;
  const components = await loadComponents(options.plugin, options.filters);
  serverProcess?.showComponents(components);
  serverProcess?.showOrder(components);
  const tls = await prepareTls(options.tls, log, debugFlags);
  const chain = buildChain(components, {
    log,
    ...(options.name === undefined ? {} : { name: options.name }),
    debugFlags,
    stdioSafe: listen.kind !== "stdio",
    shutdown: () => end.ask("asked"),
  });
  try {
    configure(chain, options.settings);
    await chain.configComplete();
  } catch (error) {
    await chain.unload();
    throw error;
  }
  serverProcess?.showThreadModel(chain);
  let isOrderly = true;
  try {
    // A request to end interrupts the wait for a slow plugin.
    await Promise.race([chain.getReady(), end.asked]);
    if (end.reason !== undefined) return serverProcess?.endEarly();
    serverProcess?.signalsEndInOrder();
    // Start the guardian only now: a chain that does not become ready needs none.
    const keeper = serverProcess === undefined ? context.keeper : serverProcess.startGuardian();
    serverProcess?.lockMemory();
    const server = await Server.listen({ chain, options, tls, keeper, watcher });
    try {
      serverProcess?.removeAtExit(server);
      serverProcess?.printUri(server);
      serverProcess?.changeIdentity(server);
      serverProcess?.writePidfile();
      serverProcess?.leaveTerminal();
      await Promise.race([chain.afterFork(), end.asked]);
      if (end.reason !== undefined) return serverProcess?.endEarly();
      serverProcess?.releaseStarter(server);
      server.accept();
      serverProcess?.tellReady(server);
      // Start the command last, so that no earlier error leaves it running without a server.
      serverProcess?.startCommand(server);
      context.serves?.(server);
      const served = Promise.race([end.asked, server.finished]);
      await (serverProcess === undefined ? served : serverProcess.untilTheEnd(server));
    } finally {
      serverProcess?.beginToStop(server);
      isOrderly = await server.stop();
      await serverProcess?.abandonCommand();
    }
  } finally {
    serverProcess?.closeGuardian();
    await endChain(chain, serverProcess?.quit, log);
    if (!isOrderly) serverProcess?.endWhatIsLeft();
  }
}
