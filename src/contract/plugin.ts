import type { Log } from "../core/log.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Handle } from "./handle.ts";
import type { Parameters, Values } from "./parameter.ts";

/**
 * A source of exports (nbdkit-plugin(3)). The server calls the functions in the order in which they are
 * listed. `State` is what `configComplete` returned, or the values of the parameters where there is none. A
 * plugin keeps no state in its module, so that several servers can run it in one process.
 */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the plugin that made it
export interface Plugin<P extends Parameters = Parameters, State = any> {
  /** Letters, digits and dashes; the name on the command line. */
  readonly name: string;
  /** A descriptive name, for --help. */
  readonly longname?: string;
  /** What the plugin does, for --help. */
  readonly description?: string;
  /** The version of the plugin, for --version and --dump-plugin. */
  readonly version?: string;
  /** The parameters of the plugin. Parsing, errors, --help and --dump-plugin follow from the declaration. */
  readonly parameters?: P;
  /** The parameter that a bare argument sets. */
  readonly magicKey?: string;
  /**
   * The parameter that receives every key that no plugin or filter declares. Without it such a key is an
   * error.
   */
  readonly catchAllKey?: string;
  /** The names that -D PLUGIN.FLAG=N accepts; `host.debugFlag` returns the values. */
  readonly debugFlags?: readonly string[];
  /**
   * The members that handles of this plugin may have. --dump-plugin reports them as `has_...` before a client
   * opens the plugin.
   */
  readonly provides?: readonly (keyof Handle)[];
  /**
   * How many requests the plugin can serve in parallel; a function where that depends on the state. Default
   * parallel: JavaScript runs one request at a time anyway.
   */
  readonly threadModel?: ThreadModel | ((state: State) => ThreadModel);

  /** Runs when the plugin has been loaded. */
  load?(): MaybePromise<void>;
  /**
   * Returns extra keys for --dump-plugin, or replacements of the usual ones. `values` holds the given
   * parameters, without defaults.
   */
  dumpPlugin?(values: Partial<Values<P>>, host: Host): MaybePromise<Readonly<Record<string, string>>>;
  /**
   * Checks all parameters together and returns the state. Throw an error to refuse the configuration; the
   * message is one line for the user.
   */
  configComplete?(values: Values<P>, host: Host): MaybePromise<State>;
  /** Runs last before the server listens; errors still reach the terminal. */
  getReady?(state: State, host: Host): MaybePromise<void>;
  /** Runs in the serving process, after it went to the background: start timers and threads here. */
  afterFork?(state: State, host: Host): MaybePromise<void>;
  /** Runs when a client has connected and has sent nothing yet. Throw an error to refuse the client. */
  preconnect?(state: State, client: Client): MaybePromise<void>;
  /**
   * Returns the list of exports. Undefined, the default, stands for one export, whose name `defaultExport`
   * returns. Names have at most 4096 bytes.
   */
  listExports?(state: State, request: ListRequest): MaybePromise<readonly ExportItem[] | undefined>;
  /**
   * Returns the name of the export that "" stands for. The server asks once for each connection, and again
   * under TLS. Default "".
   */
  defaultExport?(state: State, request: ListRequest): MaybePromise<string>;
  /** Opens an export for a client. Throw an error to refuse the client. */
  open(state: State, request: OpenRequest): MaybePromise<Handle>;
  /** Runs when the server stops: connections are closed, the process still runs. */
  cleanup?(state: State): MaybePromise<void>;
  /** Runs last, before the process ends. */
  unload?(state: State): MaybePromise<void>;
}

/**
 * How many connections and requests a plugin serves in parallel, from the strictest: one connection, one request
 * in the whole server, one request per connection, any number (nbdkit-plugin(3), "Threads").
 */
export type ThreadModel =
  | "serialize_connections"
  | "serialize_all_requests"
  | "serialize_requests"
  | "parallel";

/** The thread models from the strictest on. In a chain, the strictest one applies. */
export const threadModels: readonly ThreadModel[] = [
  "serialize_connections",
  "serialize_all_requests",
  "serialize_requests",
  "parallel",
];

/** The server, as plugins and filters see it. */
export interface Host extends Log {
  /** Returns the value of -D PLUGIN.FLAG=N; 0 when the user did not give it. */
  debugFlag(flag: string): number;
  /** The name of this server (--name, or `name` of `serve`); absent when it has none (nbdkit_name(3)). */
  readonly name?: string;
  /**
   * False when stdin and stdout carry a client connection (-s): the plugin must not read stdin or write to
   * stdout then (nbdkit_stdio_safe(3)).
   */
  readonly stdioSafe: boolean;
  /** Stops the server cleanly, as SIGTERM does. */
  shutdown(): void;
  /**
   * Aborted, with an error of code ESHUTDOWN, when the server stops and waits only for the requests in
   * flight. End timers and background work then.
   */
  readonly stopping: AbortSignal;
}

/** One client connection, as plugins and filters see it. */
export interface Client {
  /** The client cannot write: it asked for read-only access, or the server runs with -r. */
  readonly readOnly: boolean;
  /** The connection is encrypted. */
  readonly tls: boolean;
  /**
   * The subject of the client's certificate as a distinguished name (RFC 4514); absent without a certificate
   * (nbdkit_peer_tls_dn(3)).
   */
  readonly tlsDn?: string;
  /**
   * The issuer of the client's certificate as a distinguished name (RFC 4514); absent without a certificate.
   */
  readonly tlsIssuerDn?: string;
  /** The address of the client; absent where it is unknown (nbdkit_peer_name(3)). */
  readonly peer?: Peer;
  /**
   * Aborted as soon as the kernel reports that the client has gone: the client ended its stream without
   * NBD_CMD_DISC, or its end of the connection is closed. Requests in flight may be given up then, since no
   * client receives their answers. Any number of requests may listen to it at the same time.
   */
  readonly signal: AbortSignal;
  /**
   * Disconnects the client (nbdkit_disconnect(3)). With `force`, the connection ends at once; otherwise the
   * server answers the requests in flight, and refuses all later ones with ESHUTDOWN. Absent where there is
   * no connection.
   */
  disconnect?(force: boolean): void;
}

/** The address of a client. */
export interface Peer {
  /** The kind of connection. */
  readonly family: "tcp" | "unix" | "vsock" | "stdio";
  /** The IP address; absent for the other families. */
  readonly address?: string;
  /** The TCP port; absent for the other families. */
  readonly port?: number;
  /**
   * The process id of the client on a Unix socket; absent where the kernel does not report it
   * (nbdkit_peer_pid(3)).
   */
  readonly pid?: number;
  /** The user id of the client on a Unix socket; absent where the kernel does not report it. */
  readonly uid?: number;
  /** The group id of the client on a Unix socket; absent where the kernel does not report it. */
  readonly gid?: number;
  /** The security context of the client, usually of SELinux (nbdkit_peer_security_context(3)). */
  readonly securityContext?: string;
}

/** The client that asks for the list of exports, or for the name of the default export. */
export type ListRequest = Client;

/** The request of a client to open an export. */
export interface OpenRequest extends Client {
  /** The name of the export; never "" where `defaultExport` returns a name. */
  readonly exportName: string;
}

/** An export in a list of exports. */
export interface ExportItem {
  /** The name that clients open; at most 4096 bytes of UTF-8. */
  readonly name: string;
  /** A description for people; at most 4096 bytes of UTF-8. */
  readonly description?: string;
}

/**
 * Returns the plugin unchanged, and lets the compiler derive the types of its parameters:
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
