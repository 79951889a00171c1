import type { OptionTable } from "./options.ts";

/** What a subcommand may use of its surroundings. */
export interface Surroundings {
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Prints a line, or several. */
  print(text: string): void;
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
  run(argv: readonly string[], surroundings: Surroundings): Promise<number>;
}
