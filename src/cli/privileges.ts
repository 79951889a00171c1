import { dirname } from "node:path";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";
import { closeDebugger } from "../server/debugger.ts";
import { exitWithParent } from "../server/exit-with-parent.ts";
import type { Launch } from "../server/launch.ts";
import type { RunOptions } from "../server/run.ts";
import type { ListenOptions } from "../server/server-options.ts";
import type { Invocation } from "./invocation.ts";

/** Prepares the change of user and group (-u, -g). @throws NbdError when the user or group does not exist */
export async function identityStep(
  invocation: Invocation,
  listen: ListenOptions,
  launch: Launch,
  log: Log,
): Promise<Pick<RunOptions, "changeIdentity">> {
  const { user, group } = invocation;
  if (user === undefined && group === undefined) return {};
  closeDebugger();
  const { assumeIdentity, findIdentity } = await import("../server/identity.ts");
  const identity = findIdentity(user, group);
  return {
    changeIdentity: (endpoint) => {
      const isOurs = listen.kind === "private" && endpoint.kind === "unix";
      assumeIdentity(identity, isOurs ? [dirname(endpoint.path), endpoint.path] : []);
      if (group !== undefined) log.debug(`changed group to ${group}`);
      if (user !== undefined) log.debug(`changed user to ${user}`);
      if (invocation.exitWithParent) exitWithParent(launch);
    },
  };
}

/**
 * --swap: locks all memory. A server for the swap space of its own machine would deadlock on its own swapped
 * pages.
 */
export function lockMemory({ user }: Invocation, log: Log): void {
  try {
    if (user !== undefined) native().unlimitLockedMemory();
    native().lockAllMemory();
  } catch (error) {
    const needs =
      user === undefined ? "root or ulimit -l unlimited" : "ulimit -l unlimited, because -u gives up root";
    throw new NbdError("EPERM", `--swap: ${messageOf(error)}: it needs Linux or FreeBSD, and ${needs}`, {
      cause: error,
    });
  }
  log.debug("mlockall done");
}
