import { chownSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { must } from "../core/assert.ts";
import { isError, messageOf, NbdError } from "../core/errors.ts";
import { parseInteger } from "../core/values.ts";
import { native } from "../native/load.ts";

/** The user and group that a server changes to (nbdkit(1), "-u" and "-g"). */
export interface Identity {
  readonly user?: number;
  readonly group?: number;
}

/** @throws NbdError when there is no such user or group */
export function findIdentity(user: string | undefined, group: string | undefined): Identity {
  return {
    ...(user === undefined ? {} : { user: idOf("-u", "user", user, native().userId(user)) }),
    ...(group === undefined ? {} : { group: idOf("-g", "group", group, native().groupId(group)) }),
  };
}

/** The largest id. The next number means "no change" in the system calls. */
const idMax = 2 ** 32 - 2;

function idOf(option: string, kind: string, text: string, found: number): number {
  if (found >= 0) return found;
  try {
    return parseInteger(kind, text, 0, idMax);
  } catch (error) {
    throw new NbdError(
      "EINVAL",
      `${option} option: ${text} is not a valid ${kind} name or ${kind[0]}id: use a name of this system or a number`,
      { cause: error, retold: true },
    );
  }
}

/**
 * Changes user and group permanently: real, effective and saved ids change, and the supplementary groups of
 * the original user are dropped.
 * @param ours files that the server removes at the end, as the new user
 * @throws NbdError EPERM without the right to do so
 */
export function assumeIdentity({ user, group }: Identity, ours: readonly string[]): void {
  const formerUser = must(process.geteuid)();
  if (group !== undefined) {
    change("setgid", "-g", () => must(process.setgid)(group));
    change("setgroups", "-g", () => must(process.setgroups)([group]));
  } else if (formerUser === 0 && user !== 0) {
    // nbdkit keeps the groups of root here. We drop them, because they carry rights that the new user must
    // not have.
    change("setgroups", "-u", () => must(process.setgroups)([]));
  }
  if (user === undefined) return;
  // Only root can chown. Another user needs no chown: -u then changes nothing, or setuid below is refused.
  for (const path of formerUser === 0 ? ours : [])
    change("chown", "-u", () => chownSync(path, user, must(process.getegid)()));
  change("setuid", "-u", () => must(process.setuid)(user));
  checkNoWayBack(user, formerUser);
}

function change(call: string, option: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const reason = reasonOf(error);
    throw new NbdError("EPERM", `${call}: ${reason}: ${option} needs nbdkit to be started as root`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const errno = isError(error) && "errno" in error ? Number(error.errno) : 0;
  const [, text] = getSystemErrorMap().get(-Math.abs(errno)) ?? [];
  return text === undefined ? messageOf(error) : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Refuses a process with CAP_SETUID: an attacker could make it change back to its former user. */
function checkNoWayBack(user: number, former: number): void {
  if (user === former) return;
  try {
    must(process.seteuid)(former);
  } catch {
    return;
  }
  throw new NbdError("EPERM", "-u: this process may still change its user: start it without CAP_SETUID");
}
