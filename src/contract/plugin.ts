import type { Log } from "../core/log.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Handle } from "./handle.ts";
import type { Parameters, Values } from "./parameter.ts";

/**
 * A source of exports (nbdkit-plugin(3)). Functions are called in the order in which they are listed; `State` is what
 * `configComplete` returned, or the parameters' values where there is none. A plugin keeps nothing in its module, so that several
 * servers can run it in one process.
 */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the plugin that made it
export interface Plugin<P extends Parameters = Parameters, State = any> {
  /** Letters, digits and dashes; what the command line calls it. */
  readonly name: string;
  readonly longname?: string;
  readonly description?: string;
  readonly version?: string;
  /** Declared once; parsing, errors, --help and --dump-plugin follow from it. */
  readonly parameters?: P;
  /** The parameter that a bare argument sets. */
  readonly magicKey?: string;
  /** The parameter that gets every key that nobody declared. Without it such a key is an error. */
  readonly catchAllKey?: string;
  /** The names that -D PLUGIN.FLAG=N accepts; `host.debugFlag` has the values. */
  readonly debugFlags?: readonly string[];
  /** What the handles of this plugin may have; --dump-plugin tells it as `has_...` before anything is opened. */
  readonly provides?: readonly (keyof Handle)[];
  /** How many requests it stands at once, if need be by its state. Default parallel: JavaScript runs one at a time anyway. */
  readonly threadModel?: ThreadModel | ((state: State) => ThreadModel);

  load?(): MaybePromise<void>;
  /** Extra keys of --dump-plugin, or others than usual. `values` has the parameters that were given, and no defaults. */
  dumpPlugin?(values: Partial<Values<P>>, host: Host): MaybePromise<Readonly<Record<string, string>>>;
  /** All parameters are known: check them together. Throws with a line for the user. */
  configComplete?(values: Values<P>, host: Host): MaybePromise<State>;
  /** The last step before listening; errors still reach the terminal. */
  getReady?(state: State, host: Host): MaybePromise<void>;
  /** In the serving process, after it went to the background: start timers and threads here. */
  afterFork?(state: State, host: Host): MaybePromise<void>;
  /** A client connected and has said nothing yet. Throwing turns it away. */
  preconnect?(state: State, client: Client): MaybePromise<void>;
  /** Undefined stands for one export, named by `defaultExport`, which is the default. Names have at most 4096 bytes. */
  listExports?(state: State, request: ListRequest): MaybePromise<readonly ExportItem[] | undefined>;
  /** What "" stands for; asked once for each connection. Default "". */
  defaultExport?(state: State, request: ListRequest): MaybePromise<string>;
  open(state: State, request: OpenRequest): MaybePromise<Handle>;
  /** The server stops: connections are closed, the process still runs. */
  cleanup?(state: State): MaybePromise<void>;
  /** The very last call. */
  unload?(state: State): MaybePromise<void>;
}

/**
 * How much a plugin bears at once, from the least: one connection, one request in all, one request per
 * connection, anything (nbdkit-plugin(3), "Threads").
 */
export type ThreadModel =
  | "serialize_connections"
  | "serialize_all_requests"
  | "serialize_requests"
  | "parallel";

/** From the strictest; in a chain, the strictest wins. */
export const threadModels: readonly ThreadModel[] = [
  "serialize_connections",
  "serialize_all_requests",
  "serialize_requests",
  "parallel",
];

/** What the server does for a plugin. */
export interface Host extends Log {
  /** The value of -D PLUGIN.FLAG=N; 0 when not given. */
  debugFlag(flag: string): number;
  /** False when stdin and stdout carry a client (-s), so that nothing else may read or write there (nbdkit_stdio_safe(3)). */
  readonly stdioSafe: boolean;
  /** Stops the server in order, as SIGTERM does. */
  shutdown(): void;
  /**
   * Aborted, with an error of code ESHUTDOWN, when the server stops and waits only for the requests in flight; whatever
   * waits for time to pass is to end then, and what works in the background too.
   */
  readonly stopping: AbortSignal;
}

/** One connection, as plugins and filters see it. */
export interface Client {
  /** The client asked for nothing but reading, or the server runs with -r. */
  readonly readOnly: boolean;
  /** The connection is encrypted. */
  readonly tls: boolean;
  /** Who the client is by its certificate, and who says so (RFC 4514); absent without one (nbdkit_peer_tls_dn(3)). */
  readonly tlsDn?: string;
  readonly tlsIssuerDn?: string;
  /** Where it connects from; absent where nobody knows (nbdkit_peer_name(3)). */
  readonly peer?: Peer;
  /**
   * Aborted as soon as the system knows that the client has gone: it ended its stream without a goodbye, or nobody holds the
   * other end of the connection any more. What is under way may be given up then; whatever it answers, nobody may get it.
   * All requests may listen to it at once.
   */
  readonly signal: AbortSignal;
  /**
   * With force, ends the connection at once; otherwise refuses all later requests of the client with ESHUTDOWN, and answers
   * those in flight (nbdkit_disconnect(3)). Absent where there is no connection.
   */
  disconnect?(force: boolean): void;
}

export interface Peer {
  readonly family: "tcp" | "unix" | "vsock" | "stdio";
  /** IP address and port; absent for the other families. */
  readonly address?: string;
  readonly port?: number;
  /** Who connected, over a Unix socket; absent where the system does not tell (nbdkit_peer_pid(3)). */
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Usually what SELinux calls the client (nbdkit_peer_security_context(3)). */
  readonly securityContext?: string;
}

/** Who asks for the names of exports, or for the name of the default one. */
export type ListRequest = Client;

export interface OpenRequest extends Client {
  readonly exportName: string;
}

export interface ExportItem {
  readonly name: string;
  readonly description?: string;
}

/**
 * Says that a value is a plugin and lets the compiler derive the types of its parameters:
 *
 * ```ts
 * export default definePlugin({
 *   name: "zeroes",
 *   parameters: { size: size({ required: true, help: "Size of the disk" }) },
 *   open: ({ size }) => ({ size, read: (into) => void into.fill(0) }),
 * });
 * ```
 */
export function definePlugin<P extends Parameters, State = Values<P>>(
  plugin: Plugin<P, State> & {
    readonly magicKey?: NoInfer<keyof P & string>;
    readonly catchAllKey?: NoInfer<keyof P & string>;
  },
): NoInfer<Plugin<P, State>> {
  return plugin;
}
