import type { StdioOptions } from "node:child_process";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { Log } from "../core/log.ts";
import type { HandshakeOptions, ListenOptions } from "../server/options.ts";

/** What `serve` serves, and how; what is left out is as on the command line, but for `listen`. */
export interface ServeOptions {
  /** What `definePlugin` returned, or what the command line would call it: a name, or the path of a module or script. */
  readonly plugin: string | AnyPlugin;
  /** Of the plugin, by key. */
  readonly parameters?: ParameterValues;
  /** Outermost first. */
  readonly filters?: readonly (string | AnyFilter | ConfiguredFilter)[];
  /** Where clients come in. Default `{ kind: "private" }`: a Unix socket that nobody else can reach. */
  readonly listen?: ListenOptions;
  /** Goes into `uri`, and nowhere else (-e). */
  readonly exportName?: string;
  /** Nothing can be changed, whatever the plugin allows (-r). Default false. */
  readonly readOnly?: boolean;
  /** Requests of one connection that are worked on at once (-t). Default 16, for which 0 stands too. */
  readonly threads?: number;
  /** Default: no TLS. */
  readonly tls?: ServeTls;
  /** What clients may choose from (--oldstyle, --mask-handshake, --no-sr, --no-mc, --timeout). Default everything. */
  readonly handshake?: Partial<HandshakeOptions>;
  /** TCP keepalive on every connection. Default false. */
  readonly keepalive?: boolean;
  /**
   * How long, in µs, Node's loop goes on looking for requests before it sleeps, which concerns all servers of the process;
   * 50 is a first try, to be measured. Default 0: not at all.
   */
  readonly busyPollUs?: number;
  /** NAME.FLAG -> N, as -D. */
  readonly debugFlags?: Readonly<Record<string, number>>;
  /** What the command would say on stderr. Default: errors become warnings of the process (`process.on("warning")`). */
  readonly log?: Log;
  /** Aborted, it keeps the server from starting, or closes it in order. */
  readonly signal?: AbortSignal;
}

/** Values by key, as on the command line or as what they mean (bytes, not "1M"); several for a key that repeats. */
export type ParameterValues = Readonly<Record<string, ParameterValue | readonly ParameterValue[]>>;
export type ParameterValue = string | number | bigint | boolean;

/** A filter with parameters that are meant for it and no other layer. */
export interface ConfiguredFilter {
  readonly filter: string | AnyFilter;
  readonly parameters: ParameterValues;
}

/** One of `certificates` and `psk` (nbdkit-tls(1)). */
export interface ServeTls {
  /** "on" leaves the choice to the client. Default "require". */
  readonly mode?: "on" | "require";
  /** Directory with `ca-cert.pem`, `server-cert.pem` and `server-key.pem`. */
  readonly certificates?: string;
  /** File of `USER:KEY` lines. */
  readonly psk?: string;
  /** Clients need a certificate of the same authority. Default false. */
  readonly verifyPeer?: boolean;
  /** Versions and algorithms in GnuTLS's words (--tls-priority). Default: what is usual. */
  readonly priority?: string;
}

/** A server, and a command that uses it. */
export interface CaptiveOptions extends ServeOptions {
  /** Of the command, as for `node:child_process`. Default "inherit" for `spawn`; `run` collects. */
  readonly stdio?: StdioOptions;
  /** Of the command. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
}
