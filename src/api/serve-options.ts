import type { StdioOptions } from "node:child_process";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { Log } from "../core/log.ts";
import type { HandshakeOptions, ListenOptions } from "../server/server-options.ts";

/** Options of `serve`. The defaults are those of the command line, except `listen`. */
export interface ServeOptions {
  /**
   * The plugin: what `definePlugin` returned, a name as on the command line, or the path of a module or
   * script.
   */
  readonly plugin: string | AnyPlugin;
  /** The plugin's parameters, by key. */
  readonly parameters?: ParameterValues;
  /** The filters, outermost first. */
  readonly filters?: readonly (string | AnyFilter | ConfiguredFilter)[];
  /** Where clients connect. Default `{ kind: "private" }`: a Unix socket that no other user can reach. */
  readonly listen?: ListenOptions;
  /** The export name in `uri` (-e); the server ignores it. */
  readonly exportName?: string;
  /** Refuses all writes, also when the plugin allows them (-r). Default false. */
  readonly readOnly?: boolean;
  /**
   * Maximum number of requests of one connection in flight (-t). Default 16; 0 selects the default.
   */
  readonly threads?: number;
  /** TLS mode and keys. Default: no TLS. */
  readonly tls?: ServeTls;
  /**
   * Protocol features for clients (--oldstyle, --mask-handshake, --no-sr, --no-eh, --no-mc, --timeout).
   * Default: all of them.
   */
  readonly handshake?: Partial<HandshakeOptions>;
  /** Enables TCP keepalive on every connection. Default false. */
  readonly keepalive?: boolean;
  /**
   * How long, in µs, the event loop polls for requests before it sleeps. It affects all servers of the
   * process. Start a measurement with 50. Default 0: no polling.
   */
  readonly busyPollUs?: number;
  /** The name of this server; plugins see it as `host.name` (--name). */
  readonly name?: string;
  /** Debug flags by NAME.FLAG, as -D. */
  readonly debugFlags?: Readonly<Record<string, number>>;
  /**
   * Receives what the command would print on stderr. Default: errors become process warnings
   * (`process.on("warning")`).
   */
  readonly log?: Log;
  /** Aborting it cancels the start, or closes the server in order. */
  readonly signal?: AbortSignal;
}

/**
 * Parameter values by key: as text on the command line, or as values (bytes instead of "1M"); an array
 * repeats the key.
 */
export type ParameterValues = Readonly<Record<string, ParameterValue | readonly ParameterValue[]>>;
/** One parameter value. Sizes are bytes. */
export type ParameterValue = string | number | bigint | boolean;

/** A filter with its own parameters, which no other layer receives. */
export interface ConfiguredFilter {
  /** The filter: what `defineFilter` returned, a name, or the path of a module or script. */
  readonly filter: string | AnyFilter;
  /** The filter's parameters, by key. */
  readonly parameters: ParameterValues;
}

/** TLS options: give either `certificates` or `psk` (nbdkit-tls(1)). */
export interface ServeTls {
  /** "require" refuses clients without TLS; "on" lets clients choose. Default "require". */
  readonly mode?: "on" | "require";
  /** Directory that holds `ca-cert.pem`, `server-cert.pem` and `server-key.pem`. */
  readonly certificates?: string;
  /** File of pre-shared keys, in `USER:KEY` lines. */
  readonly psk?: string;
  /** Requires a client certificate that the authority in `ca-cert.pem` has signed. Default false. */
  readonly verifyPeer?: boolean;
  /**
   * Versions and algorithms as a GnuTLS priority string (--tls-priority). Default: OpenSSL's strong ciphers.
   */
  readonly priority?: string;
}

/** Options of `run` and `spawn`: those of `serve`, and those of the command. */
export interface CaptiveOptions extends ServeOptions {
  /**
   * Standard streams of the command, as for `node:child_process`. Default "inherit" for `spawn`; `run`
   * collects output.
   */
  readonly stdio?: StdioOptions;
  /** Environment of the command. Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}
