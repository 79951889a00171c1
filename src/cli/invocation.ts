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
    | "longOptions"
    | "shortOptions";
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
  readonly handshake: HandshakeOptions;
  readonly ipAddress?: string;
  readonly keepalive: boolean;
  readonly pidfile?: string;
  readonly port?: number;
  readonly printUri: boolean;
  readonly readOnly: boolean;
  readonly run?: string;
  readonly single: boolean;
  readonly threads: number;
  readonly tls: TlsOptions;
  /** "-" is a private socket. */
  readonly unix?: string;
  readonly verbose: boolean;
}
