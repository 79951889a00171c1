import type { LogDestination } from "../server/error-sink.ts";
import type { HandshakeOptions } from "../server/options.ts";
import type { TlsOptions } from "../server/tls.ts";

/** What a command line asks for. */
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
  /** µs; 0 for not at all. */
  readonly busyPollUs: number;
  /** Name or path; absent when nothing was named. */
  readonly plugin?: string;
  /** Outermost first. */
  readonly filters: readonly string[];
  /** What stood after the plugin: key=value or a bare value. */
  readonly parameters: readonly string[];
  /** NAME.FLAG -> N, in the order given. */
  readonly debugFlags: ReadonlyMap<string, number>;
  readonly exitWithParent: boolean;
  readonly exportName: string;
  readonly family?: 4 | 6;
  readonly foreground: boolean;
  /** Name or number. */
  readonly group?: string;
  readonly handshake: HandshakeOptions;
  readonly ipAddress?: string;
  readonly keepalive: boolean;
  readonly log: LogDestination;
  /** Of this instance, for its log. */
  readonly name?: string;
  /** The folder for --new-plugin. */
  readonly newPlugin?: string;
  readonly pidfile?: string;
  /** Number, or name of a service. */
  readonly port?: string;
  readonly printUri: boolean;
  readonly readOnly: boolean;
  readonly run?: string;
  /** Of the socket that clients connect to. */
  readonly selinuxLabel?: string;
  readonly single: boolean;
  /** Keep all memory in place. */
  readonly swap: boolean;
  readonly threads: number;
  readonly tls: TlsOptions;
  /** "-" is a private socket. */
  readonly unix?: string;
  /** Name or number. */
  readonly user?: string;
  readonly verbose: boolean;
  readonly vsock: boolean;
}
