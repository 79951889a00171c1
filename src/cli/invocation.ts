import type { LogDestination } from "../server/error-sink.ts";
import type { HandshakeOptions } from "../server/server-options.ts";
import type { TlsOptions } from "../server/tls.ts";

/** The parsed command line of nbdkit. */
export interface Invocation {
  readonly action:
    | "serve"
    | "help"
    | "version"
    | "dumpConfig"
    | "dumpPlugin"
    | "newPlugin"
    | "longOptions"
    | "shortOptions";
  /** Duration of the busy-wait for the next request, in µs; 0 disables it. */
  readonly busyPollUs: number;
  /** Name or path of the plugin; absent when the command line names no plugin. */
  readonly plugin?: string;
  /** Names or paths of the filters; the first is the outermost. */
  readonly filters: readonly string[];
  /** The words after the plugin: key=value or a bare value. */
  readonly parameters: readonly string[];
  /** Debug flags NAME.FLAG -> N, in the order of the command line. */
  readonly debugFlags: ReadonlyMap<string, number>;
  readonly exitWithParent: boolean;
  readonly exportName: string;
  readonly family?: 4 | 6;
  readonly foreground: boolean;
  /** Name or number of the group. */
  readonly group?: string;
  readonly handshake: HandshakeOptions;
  readonly ipAddress?: string;
  readonly keepalive: boolean;
  readonly log: LogDestination;
  /** The name of this server instance, for its log. */
  readonly name?: string;
  /** The folder for --new-plugin. */
  readonly newPlugin?: string;
  readonly pidfile?: string;
  /** Port number, or name of a service. */
  readonly port?: string;
  readonly printUri: boolean;
  readonly readOnly: boolean;
  readonly run?: string;
  /** SELinux label of the socket that clients connect to. */
  readonly selinuxLabel?: string;
  readonly single: boolean;
  /** Lock all memory of the process. */
  readonly swap: boolean;
  readonly threads: number;
  readonly tls: TlsOptions;
  /** Path of the Unix socket; "-" is a private socket. */
  readonly unix?: string;
  /** Name or number of the user. */
  readonly user?: string;
  readonly verbose: boolean;
  readonly vsock: boolean;
}
