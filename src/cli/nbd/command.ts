import type { OptionTable } from "./options.ts";

/** What a subcommand may use of the process that it runs in. */
export interface CommandContext {
  /** Prints a line, or several. Resolves when the reader of standard output has room for more. */
  print(text: string): Promise<void>;
  /**
   * SIGINT, SIGTERM and SIGHUP end the process at once. From this call on it first prints what `report` returns, in one line.
   * @param report called from the signal's handler: it must return at once; undefined prints nothing
   */
  reportWhenInterrupted(report: (signal: NodeJS.Signals) => string | undefined): void;
}

/** One of `nbd info`, `nbd copy`... */
export interface Command {
  readonly name: string;
  /** One line for `nbd --help`. */
  readonly summary: string;
  readonly help: string;
  readonly options: OptionTable;
  /**
   * @returns the exit status
   * @throws UsageError, or what went wrong
   */
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}
