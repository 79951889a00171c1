import { isError, messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { logText } from "../core/log-text.ts";
import { EndRequest } from "../server/end-request.ts";
import type { Keeper } from "../server/keeper.ts";
import { live } from "../server/life.ts";
import {
  type ConnectedClient,
  handshakeDefaults,
  type ServerOptions,
  threadsDefault,
} from "../server/server-options.ts";
import type { Setting } from "../server/settings.ts";
import type { TlsOptions } from "../server/tls.ts";
import { checkServeOptions, isConfigured } from "./check-options.ts";
import { NbdServer } from "./nbd-server.ts";
import type { ParameterValues, ServeOptions, ServeTls } from "./serve-options.ts";

/**
 * Starts a server in this process, as nbdkit(1) in the foreground. Any number of servers may run in parallel.
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
export async function serve(options: ServeOptions): Promise<NbdServer> {
  checkServeOptions(options);
  return serveWith(options, options.signal);
}

/**
 * As {@link serve}, for options that have been checked.
 * @param stop cancels the start, or ends the server, instead of the signal in the options
 * @param keeper removes a private socket if this process is killed
 */
export async function serveWith(
  options: ServeOptions,
  stop: AbortSignal | undefined,
  keeper?: Keeper,
): Promise<NbdServer> {
  stop?.throwIfAborted();
  // Listen to a signal of our own: many listeners to the one that servers share would cause a warning.
  const signal = stop && AbortSignal.any([stop]);
  const end = new EndRequest<"asked" | Error>();
  const abort = (): void => end.ask(errorOf(signal?.reason));
  signal?.addEventListener("abort", abort);
  let started: NbdServer | undefined;
  const watcher = {
    connected: (client: ConnectedClient): void => void started?.emit("connection", client),
    disconnected: (client: ConnectedClient): void => void started?.emit("disconnection", client),
  };
  return new Promise((resolve, reject) => {
    const life = live(serverOptions(options), {
      end,
      watcher,
      ...(keeper === undefined ? {} : { keeper }),
      serves: (server) => {
        started = new NbdServer(server, end, life);
        resolve(started);
      },
    }).finally(() => signal?.removeEventListener("abort", abort));
    // Without effect once the server serves.
    life.then(() => reject(whyNotStarted(end)), reject);
  });
}

function errorOf(reason: unknown): Error {
  return isError(reason) ? reason : new NbdError("ECANCELED", messageOf(reason));
}

function whyNotStarted({ reason }: EndRequest<"asked" | Error>): Error {
  return isError(reason) ? reason : new NbdError("ECANCELED", "the plugin asked the server to stop");
}

/** The default log. */
export const warnings: Log = {
  verbose: false,
  error: (message) => process.emitWarning(logText(message), "NbdServerWarning"),
  debug: () => {},
};

function serverOptions(options: ServeOptions): ServerOptions {
  const filters = (options.filters ?? []).map((one) =>
    isConfigured(one) ? one : { filter: one, parameters: {} },
  );
  return {
    plugin: options.plugin,
    filters: filters.map(({ filter }) => filter),
    settings: settingsOf([...filters.map(({ parameters }) => parameters), options.parameters ?? {}]),
    ...(options.name === undefined ? {} : { name: options.name }),
    debugFlags: new Map(Object.entries(options.debugFlags ?? {})),
    listen: options.listen ?? { kind: "private" },
    exportName: options.exportName ?? "",
    readOnly: options.readOnly ?? false,
    threads: options.threads || threadsDefault,
    handshake: { ...handshakeDefaults, ...options.handshake },
    keepalive: options.keepalive ?? false,
    busyPollUs: options.busyPollUs ?? 0,
    tls: tlsOptions(options.tls),
    log: options.log ?? warnings,
  };
}

function tlsOptions(tls: ServeTls | undefined): TlsOptions {
  if (tls === undefined) return { mode: "off", verifyPeer: false };
  const { mode = "require", verifyPeer = false, ...keys } = tls;
  return { ...keys, mode, verifyPeer, needsKeys: true };
}

function* settingsOf(layers: readonly ParameterValues[]): Generator<Setting, void, undefined> {
  for (const [layer, parameters] of layers.entries())
    for (const [key, given] of Object.entries(parameters))
      for (const value of Array.isArray(given) ? given : [given])
        yield { layer, key, value: textOf(key, value) };
}

function textOf(key: string, value: unknown): string {
  if (["string", "number", "bigint", "boolean"].includes(typeof value)) return String(value);
  throw new NbdError(
    "EINVAL",
    `the parameter ${key} is ${messageOf(value)}: use a string, a number, a bigint, a boolean or an array of them`,
  );
}
