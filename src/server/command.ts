import type { ChildProcess } from "node:child_process";

/** How a command ended. */
export type Ending =
  | { readonly kind: "exited"; readonly code: number; readonly isLeft: boolean }
  | { readonly kind: "killed"; readonly signal: number; readonly isLeft: boolean }
  /** It did not start, or the guardian that ran it was killed. The message says which. */
  | { readonly kind: "failed"; readonly message: string };

/** The streams of a command, as far as `stdio` made pipes of them. */
export type CommandStreams = Pick<ChildProcess, "stdin" | "stdout" | "stderr">;

/** A shell command while it runs, whichever process is its parent. */
export interface Command {
  readonly streams: CommandStreams;
  /** The process id of the shell; undefined when it could not be started. Never rejects. */
  readonly pid: Promise<number | undefined>;
  /** Never rejects. After {@link end}, it waits for all that the command started. */
  readonly ended: Promise<Ending>;
  /**
   * Sends a signal to the command and to all that it started, and SIGKILL to what is left after {@link endGraceMs}.
   * @returns false when all of it is out of reach: it runs as another user, and we are not root
   */
  end(signal: NodeJS.Signals): Promise<boolean>;
}

/** A command that was told to end and has not done so within this time is killed. */
export const endGraceMs = 10_000;
