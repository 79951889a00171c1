import type { LogDestination } from "./error-sink.ts";
import type { Launch } from "./launch.ts";
import type { ServerLog } from "./log.ts";
import type { ServerOptions } from "./server-options.ts";

/** The options of a server that has a process of its own: those of the command line, and of its start. */
export interface ProcessOptions extends ServerOptions {
  readonly log: ServerLog;
  readonly logTo: LogDestination;
  readonly exitWithParent: boolean;
  /** Name or number of the user to change to. */
  readonly user?: string;
  /** Name or number of the group to change to. */
  readonly group?: string;
  readonly pidfile?: string;
  readonly printUri: boolean;
  /** The captive command. */
  readonly run?: string;
  /** Lock all memory of the process. */
  readonly swap: boolean;
  readonly launch: Launch;
  /** The environment that this process was started with. */
  readonly environment: NodeJS.ProcessEnv;
  /** True in the detached copy: leave the terminal as soon as clients can connect. */
  readonly toBackground: boolean;
}
