import type { OptionTable } from "./parse-options.ts";

/** The functions of the process that a subcommand may use. */
export interface CommandContext {
  /** Prints one or more lines. Resolves when standard output accepts more bytes. */
  print(text: string): Promise<void>;
  /**
   * Prints one line from `report` before SIGINT, SIGTERM or SIGHUP ends the process. Without this call, these
   * signals end the process silently.
   * @param report is called in the signal handler, so it must return at once; undefined prints nothing
   */
  reportWhenInterrupted(report: (signal: NodeJS.Signals) => string | undefined): void;
}

/** A subcommand: `nbd info`, `nbd copy`... */
export interface Command {
  readonly name: string;
  /** One line for `nbd --help`. */
  readonly summary: string;
  /** The beginning of the output of --help, before the options. */
  readonly usage: string;
  readonly options: OptionTable;
  /**
   * @returns the exit status
   * @throws UsageError for a wrong command line; other errors for a failure
   */
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}
