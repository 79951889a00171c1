import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";
import { codeOf, messageOf, NbdError, nodeCodeOf } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";
import type { Kind } from "./shape.ts";
import { faultOnTheWay, isShared } from "./trust.ts";

/** A folder with packages, such as `node_modules`. */
interface Place {
  readonly folder: string;
  /** Users who can write to the folder can also change this program, so no check is needed. */
  readonly isOurs: boolean;
}

/** Returns the npm package name of a plugin or filter. */
export function packageName(kind: Kind, name: string): string {
  return `nbdkit-${name}-${kind}`;
}

/**
 * Returns the module of an installed plugin or filter. The search starts beside this package, continues in
 * the folder for global packages of this Node.js, and ends in the working directory and the folders above it.
 * Packages in the last places count only if no other user can have put them there: the server may run as root
 * with a working directory below /tmp.
 *
 * @returns undefined when the package is not installed
 * @throws NbdError with one line: EPERM for a package that another user can have put there, or another code
 *   for a broken package
 */
export function packagePath(kind: Kind, name: string): string | undefined {
  const wanted = packageName(kind, name);
  const place = [...places()].find(({ folder }) => existsSync(join(folder, wanted)));
  if (place === undefined) return undefined;
  const found = join(place.folder, wanted);
  const module = entryOf(kind, name, found);
  const fault = place.isOurs ? undefined : faultOf(place.folder, found, module);
  if (fault === undefined) return module;
  throw new NbdError(
    "EPERM",
    `cannot open ${kind} '${name}': ${found} is not loaded by its short name, because ${fault}: ` +
      `install it with npm install -g, or give the path ${module} if you trust it`,
  );
}

function* places(): Generator<Place, void, undefined> {
  const root = packageRoot();
  yield { folder: join(root, "node_modules"), isOurs: true };
  if (basename(dirname(root)) === "node_modules") yield { folder: dirname(root), isOurs: true };
  yield* modulesAbove(dirname(root));
  // The folder for global packages of npm. This package may have been installed in another way.
  yield { folder: join(dirname(process.execPath), "../lib/node_modules"), isOurs: false };
  const current = currentFolder();
  if (current !== undefined) yield* modulesAbove(current);
}

/** Undefined when the current directory has been removed. */
function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function* modulesAbove(lowest: string): Generator<Place, void, undefined> {
  for (let folder = lowest; ; folder = dirname(folder)) {
    if (basename(folder) !== "node_modules") yield { folder: join(folder, "node_modules"), isOurs: false };
    if (folder === dirname(folder)) return;
  }
}

function faultOf(folder: string, found: string, module: string): string | undefined {
  const parent = dirname(folder);
  // Refuse a shared parent also with the sticky bit: any user could be the first to create node_modules
  // there.
  if (isShared(parent)) return `other users may write to ${parent}`;
  return faultOnTheWay(found) ?? faultOnTheWay(module);
}

/**
 * Returns the main file of a package. Where a package has none, Node would search the folders above; those
 * results are refused.
 */
function entryOf(kind: Kind, name: string, found: string): string {
  let module: string;
  try {
    module = realpathSync(createRequire(join(found, "../../package.json")).resolve(packageName(kind, name)));
  } catch (error) {
    const reason = nodeCodeOf(error) === "MODULE_NOT_FOUND" ? "it has no main file" : messageOf(error);
    throw new NbdError(codeOf(error), `cannot open ${kind} '${name}': ${found}: ${reason}`, { cause: error });
  }
  if (module.startsWith(realpathSync(found) + sep)) return module;
  throw new NbdError("EINVAL", `cannot open ${kind} '${name}': ${found}: its main file is not in it`);
}
