import type { Chain } from "../chain/chain.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { logText } from "../core/log-text.ts";
import { buildChain, loadComponents } from "../registry/assemble.ts";
import type { Keeper } from "../server/keeper.ts";
import { handshakeDefaults, threadsDefault } from "../server/server-options.ts";
import { prepareTls, type ServerTls } from "../server/tls.ts";
import { checkServeOptions, isConfigured } from "./check-options.ts";
import type { ParameterValues, ServeOptions, ServeTls } from "./serve-options.ts";
import { NbdServer } from "./server.ts";

/**
 * Starts a server in this process, as nbdkit(1) in the foreground. Any number of servers may run at once.
 * Clients can connect when the promise resolves:
 *
 * ```ts
 * await using server = await serve({ plugin: "memory", parameters: { size: "64M" } });
 * await using client = await connect(server.uri);
 * ```
 *
 * The server handles no signals and never ends the process. A private socket is removed when the server is
 * closed, at the latest when the process exits.
 * @returns the running server
 * @throws NbdError with one line: ENOENT for a missing plugin or filter, EINVAL for options and parameters,
 * EADDRINUSE and similar codes for the address, ECANCELED when the plugin shuts the server down; the errors
 * of the plugin; the reason of an aborted `signal`
 */
export function serve(options: ServeOptions): Promise<NbdServer> {
  return serveWith(options, undefined);
}

/** As {@link serve}. @param keeper removes a private socket if this process is killed */
export async function serveWith(options: ServeOptions, keeper: Keeper | undefined): Promise<NbdServer> {
  checkServeOptions(options);
  const { signal, log = warnings } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const filters = (options.filters ?? []).map((one) =>
    isConfigured(one) ? one : { filter: one, parameters: {} },
  );
  const components = await loadComponents(
    options.plugin,
    filters.map(({ filter }) => filter),
  );
  const tls = await tlsOf(options.tls, log);
  const chain = buildChain(components, {
    log,
    debugFlags: new Map(Object.entries(options.debugFlags ?? {})),
    stdioSafe: options.listen?.kind !== "stdio",
    shutdown: () => stop.abort(new NbdError("ECANCELED", "the plugin asked the server to stop")),
  });
  try {
    const layers = [...filters.map(({ parameters }) => parameters), options.parameters ?? {}];
    for (const [layer, parameters] of layers.entries()) configure(chain, layer, parameters);
    await chain.configComplete();
  } catch (error) {
    await chain.unload();
    throw error;
  }
  return NbdServer.start(chain, {
    listen: options.listen ?? { kind: "private" },
    exportName: options.exportName ?? "",
    readOnly: options.readOnly ?? false,
    threads: options.threads || threadsDefault,
    handshake: { ...handshakeDefaults, ...options.handshake },
    keepalive: options.keepalive ?? false,
    busyPollUs: options.busyPollUs ?? 0,
    tls,
    log,
    ...(keeper === undefined ? {} : { keeper }),
    stop: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]),
  });
}

/** The default log. */
export const warnings: Log = {
  verbose: false,
  error: (message) => process.emitWarning(logText(message), "NbdServerWarning"),
  debug: () => {},
};

/** Loads the keys with mode "require", so that missing keys are an error, then sets the user's mode. */
async function tlsOf(tls: ServeTls | undefined, log: Log): Promise<ServerTls> {
  if (tls === undefined) return { mode: "off" };
  const { mode = "require", verifyPeer = false, ...keys } = tls;
  return { ...(await prepareTls({ ...keys, verifyPeer, mode: "require" }, log)), mode };
}

function configure(chain: Chain, layer: number, parameters: ParameterValues): void {
  for (const [key, given] of Object.entries(parameters)) {
    for (const value of Array.isArray(given) ? given : [given])
      chain.configLayer(layer, key, textOf(key, value));
  }
}

function textOf(key: string, value: unknown): string {
  if (["string", "number", "bigint", "boolean"].includes(typeof value)) return String(value);
  throw new NbdError(
    "EINVAL",
    `the parameter ${key} is ${messageOf(value)}: use a string, a number, a bigint, a boolean or an array of them`,
  );
}
