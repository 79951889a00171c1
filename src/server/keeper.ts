import type { StdioOptions } from "node:child_process";
import type { Command } from "./command.ts";

/** What the command of --run inherits from this process. */
export interface KeeperOptions {
  readonly stdio: StdioOptions;
  readonly environment: NodeJS.ProcessEnv;
  /** The working directory; that of this process when absent. */
  readonly cwd?: string;
  /** Starts the keeper in a session of its own, when no command needs the terminal. */
  readonly detached?: boolean;
  /** True to make a private directory. */
  readonly makesDirectory: boolean;
}

/**
 * Runs the command of --run and makes the private directory; ends and removes them when this process is
 * killed.
 */
export interface Keeper {
  /**
   * True when it keeps the original user, so that it can signal the command after this process has changed
   * its user (-u).
   */
  readonly keepsUser: boolean;
  /**
   * @returns the path of a new private directory; undefined when the keeper makes none and the server has to
   * make it
   * @throws NbdError with the errno of the failed call
   */
  directory(): Promise<string | undefined>;
  /** Runs the command. Call it once. @param script for `/bin/sh -c` */
  run(script: string): Command;
  /** Call it when the command has ended or never started, and the server has removed the directory. */
  close(): void;
}
