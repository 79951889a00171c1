import type { ChildProcess, SpawnOptions } from "node:child_process";
import { nbdkit, type Outcome, outcomeOf, unlessEnded } from "../helpers/run.ts";
import type { Sandbox } from "../helpers/sandbox.ts";

/** A server that is expected to stop by itself. */
export interface Serving {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly outcome: Promise<Outcome>;
}

/** Starts `nbdkit ARGS` in the foreground. Resolves when clients can connect. */
export async function serving(
  sandbox: Sandbox,
  args: readonly string[],
  options?: SpawnOptions,
): Promise<Serving> {
  const child = sandbox.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", ...args], options);
  const outcome = outcomeOf(child);
  await unlessEnded(outcome, sandbox.number("pid"));
  return { child, socket: sandbox.folder.join("socket"), outcome };
}

/** The result of a server that exits without an error. */
export const inOrder: Outcome = { status: 0, stdout: "", stderr: "" };
