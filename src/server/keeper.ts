import type { StdioOptions } from "node:child_process";
import type { Command } from "./command.ts";

/** What the command of --run gets of this process. */
export interface KeeperOptions {
  readonly stdio: StdioOptions;
  readonly environment: NodeJS.ProcessEnv;
  /** The working directory; that of this process when absent. */
  readonly cwd?: string;
  /** In a session of its own: there is no command that needs the terminal. */
  readonly detached?: boolean;
  /** There is to be a private directory. */
  readonly makesDirectory: boolean;
}

/** Runs the command of --run and makes the private directory, and ends and removes them should this process be killed. */
export interface Keeper {
  /** It can signal the command also when this process has become another user (-u). */
  readonly keepsUser: boolean;
  /**
   * @returns the path of a new private directory; undefined when the keeper makes none, so that the server has to
   * @throws NbdError with the errno that kept it from doing so
   */
  directory(): Promise<string | undefined>;
  /** Once. @param script for `/bin/sh -c` */
  run(script: string): Command;
  /** The command has ended, or none was started; the server has removed the directory. */
  close(): void;
}
