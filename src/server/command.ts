import type { ChildProcess } from "node:child_process";

/** How a command ended. `isLeft` is true when processes that it started could not be ended. */
export type Ending =
  | { readonly kind: "exited"; readonly code: number; readonly isLeft: boolean }
  | { readonly kind: "killed"; readonly signal: number; readonly isLeft: boolean }
  /** The command did not start, or its guardian was killed; the message gives the reason. */
  | { readonly kind: "failed"; readonly message: string };

/** The streams of a command that `stdio` made pipes; the others are null. */
export type CommandStreams = Pick<ChildProcess, "stdin" | "stdout" | "stderr">;

/** A running shell command, started by the guardian or by this process. */
export interface Command {
  readonly streams: CommandStreams;
  /** The process id of the shell; undefined when it could not be started. Never rejects. */
  readonly pid: Promise<number | undefined>;
  /** Never rejects. After {@link end} it also waits for all processes that the command started. */
  readonly ended: Promise<Ending>;
  /**
   * Sends a signal to the command and to all processes that it started. Processes that remain after {@link
   * endGraceMs} get SIGKILL.
   * @returns false when this process may signal none of them: they run as another user, and we are not root
   */
  end(signal: NodeJS.Signals): Promise<boolean>;
}

/** Time in ms between the first signal to a command and SIGKILL. */
export const endGraceMs = 10_000;
