import type { ChildProcess, SpawnOptions } from "node:child_process";
import { nbdkit } from "./run.ts";
import { printed, type Sandbox } from "./sandbox.ts";

/**
 * A command with a child, a background job, and a daemon in a session of its own whose parents have ended.
 * The innermost process prints "ready": a shell that is about to start a program loses a SIGINT (dash does).
 */
export const family =
  "(setsid sh -c 'sleep 1000 & sleep 1000; true' &); sleep 1000 & sh -c 'echo ready; exec sleep 1000'; true";

/** Starts nbdkit with a command, and waits until the command has printed "ready". */
export async function startReady(
  sandbox: Sandbox,
  command: string,
  args: readonly string[] = ["null"],
  options?: SpawnOptions,
): Promise<ChildProcess> {
  const child = sandbox.start(nbdkit, [...args, "--run", command], options);
  await printed(child, "ready");
  return child;
}
