import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Which other user could put code at a path: the first file, folder or link on the way to it, or to what links lead to, that
 * belongs to a user who is neither this one nor root, or that others may write to.
 *
 * A folder with the sticky bit, as /tmp, is no fault of what lies deeper: others cannot remove or rename there what is
 * not theirs.
 * @param path absolute; it exists
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

/** Whether users other than the owner may put new files into a folder, with or without the sticky bit. */
export function isShared(folder: string): boolean {
  return isWritableByOthers(lstatSync(realpathSync(folder)));
}

/**
 * The same for what Node reads on behalf of a module that a user named: each `node_modules` above it, and the nearest
 * `package.json`. The owner of the module is trusted here.
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

/** Each thing that the kernel looks at, links included, from the root down. */
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
  // The mode of a link means nothing.
  if (stats.isSymbolicLink() || isSticky || !isWritableByOthers(stats)) return undefined;
  return `other users may write to ${step} (mode ${(stats.mode & 0o7777).toString(8)})`;
}

function ownerText(step: string, { uid }: Stats): string {
  return `${step} belongs to another user (number ${uid})`;
}

function isWritableByOthers({ mode }: Stats): boolean {
  return (mode & 0o022) !== 0;
}
