import { dirname } from "node:path";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";
import { closeDebugger } from "./debugger.ts";
import { exitWithParent } from "./exit-with-parent.ts";
import type { Endpoint } from "./listener.ts";
import type { ProcessOptions } from "./process-options.ts";

/** Changes user and group; the endpoint tells which files the server has to remove as the new user. */
export type ChangeIdentity = (endpoint: Endpoint) => void;

/**
 * Prepares the change of user and group (-u, -g).
 * @returns undefined when neither is to be changed
 * @throws NbdError when the user or group does not exist
 */
export async function identityStep(options: ProcessOptions): Promise<ChangeIdentity | undefined> {
  const { user, group, listen, log } = options;
  if (user === undefined && group === undefined) return undefined;
  closeDebugger();
  const { assumeIdentity, findIdentity } = await import("./identity.ts");
  const identity = findIdentity(user, group);
  return (endpoint) => {
    const isOurs = listen.kind === "private" && endpoint.kind === "unix";
    assumeIdentity(identity, isOurs ? [dirname(endpoint.path), endpoint.path] : []);
    if (group !== undefined) log.debug(`changed group to ${group}`);
    if (user !== undefined) log.debug(`changed user to ${user}`);
    if (options.exitWithParent) exitWithParent(options.launch);
  };
}

/**
 * --swap: locks all memory. A server for the swap space of its own machine would deadlock on its own swapped
 * pages.
 */
export function lockMemory(user: string | undefined, log: Log): void {
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
