import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Finds another user who could put code at a path. It checks each file, folder and link on the path, and on
 * the path that links lead to: each must belong to this user or root, and other users must not be able to
 * write to it.
 *
 * A folder with the sticky bit, such as /tmp, is acceptable: other users cannot remove or rename entries
 * there that belong to another user.
 *
 * @param path absolute path; it exists
 * @returns a clause for an error; undefined when there is no such user
 */
export function faultOnTheWay(path: string): string | undefined {
  const trusted = [0, process.geteuid?.() ?? 0];
  for (const way of [path, realpathSync(path)]) {
    for (const [step, stats] of stepsTo(way)) {
      const fault = faultOf(step, stats, trusted);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/**
 * Returns whether users other than the owner may create files in a folder, with or without the sticky bit.
 */
export function isShared(folder: string): boolean {
  return isWritableByOthers(lstatSync(realpathSync(folder)));
}

/**
 * Checks the places where Node searches on behalf of a module that a user named: each `node_modules` above
 * the module, and the nearest `package.json`. The owner of the module is trusted.
 */
export function faultAround(path: string): string | undefined {
  const module = statSync(path, { throwIfNoEntry: false });
  if (module === undefined) return undefined;
  const trusted = [0, process.geteuid?.() ?? 0, module.uid];
  let isScopeKnown = false;
  for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
    const looked: readonly string[] = isScopeKnown ? ["node_modules"] : ["node_modules", "package.json"];
    for (const name of looked) {
      const step = join(folder, name);
      const stats = lstatSync(step, { throwIfNoEntry: false });
      if (stats === undefined) continue;
      if (!trusted.includes(stats.uid)) return ownerText(step, stats);
      isScopeKnown ||= name === "package.json";
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** Yields each folder, file and link that the kernel visits for a path, from the root down. */
function* stepsTo(path: string): Generator<[step: string, stats: Stats], void, undefined> {
  const names = path.split("/").filter((name) => name !== "");
  let step = "/";
  yield [step, lstatSync(step)];
  for (const [index, name] of names.entries()) {
    step = join(step, name);
    const stats = lstatSync(step);
    yield [step, stats];
    if (!stats.isSymbolicLink()) continue;
    yield* stepsTo(resolve(dirname(step), readlinkSync(step), ...names.slice(index + 1)));
    return;
  }
}

function faultOf(step: string, stats: Stats, trusted: readonly number[]): string | undefined {
  if (!trusted.includes(stats.uid)) return ownerText(step, stats);
  const isSticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
  // The kernel ignores the mode of a link.
  if (stats.isSymbolicLink() || isSticky || !isWritableByOthers(stats)) return undefined;
  return `other users may write to ${step} (mode ${(stats.mode & 0o7777).toString(8)})`;
}

function ownerText(step: string, { uid }: Stats): string {
  return `${step} belongs to another user (number ${uid})`;
}

function isWritableByOthers({ mode }: Stats): boolean {
  return (mode & 0o022) !== 0;
}
