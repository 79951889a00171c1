import type { ProcessOptions } from "../server/process-options.ts";

/** The options of a server process that the command line alone does not give. */
type GivenAtStart = "plugin" | "settings" | "listen" | "log" | "launch" | "environment" | "toBackground";

/** The parsed command line of nbdkit: the options of the server process, and what the command makes the rest of. */
export interface Invocation extends Omit<ProcessOptions, GivenAtStart> {
  readonly action:
    | "serve"
    | "help"
    | "version"
    | "dumpConfig"
    | "dumpPlugin"
    | "newPlugin"
    | "longOptions"
    | "shortOptions";
  /** Name or path of the plugin; absent when the command line names no plugin. */
  readonly plugin?: string;
  /** Names or paths. */
  readonly filters: readonly string[];
  /** The words after the plugin: key=value or a bare value. */
  readonly parameters: readonly string[];
  readonly family?: 4 | 6;
  readonly foreground: boolean;
  readonly ipAddress?: string;
  /** The name of this server instance, for its log. */
  readonly name?: string;
  /** The folder for --new-plugin. */
  readonly newPlugin?: string;
  /** Port number, or name of a service. */
  readonly port?: string;
  /** SELinux label of the socket that clients connect to. */
  readonly selinuxLabel?: string;
  readonly single: boolean;
  /** Path of the Unix socket; "-" is a private socket. */
  readonly unix?: string;
  readonly verbose: boolean;
  readonly vsock: boolean;
}
