import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";
import type { Kind } from "./shape.ts";
import { faultOnTheWay, isShared } from "./trust.ts";

/** A folder with packages, such as `node_modules`. */
interface Place {
  readonly folder: string;
  /** Who may write there may change this program as well, so there is nothing to check. */
  readonly isOurs: boolean;
}

/** What npm calls the package of a plugin or filter. */
export function packageName(kind: Kind, name: string): string {
  return `nbdkit-${name}-${kind}`;
}

/**
 * The module of an installed plugin or filter. It is looked up beside this package first, then in the folder for global
 * packages of this Node.js, and then in the working directory and those above it, where only packages count that no
 * other user could have put there: a server may be root, and its working directory below /tmp.
 * @returns undefined when it is not installed
 * @throws NbdError with one line: EPERM for a package that another user could have put there; what is wrong with it
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
  // npm puts global packages there, also where this one came in another way.
  yield { folder: join(dirname(process.execPath), "../lib/node_modules"), isOurs: false };
  const current = currentFolder();
  if (current !== undefined) yield* modulesAbove(current);
}

/** Undefined where it has been removed. */
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
  // Also with the sticky bit: the first one to make a node_modules there is a user like any other.
  if (isShared(parent)) return `other users may write to ${parent}`;
  return faultOnTheWay(found) ?? faultOnTheWay(module);
}

/** The file that a package means. Node would go on to the folders above, where it has none. */
function entryOf(kind: Kind, name: string, found: string): string {
  let module: string;
  try {
    module = realpathSync(createRequire(join(found, "../../package.json")).resolve(packageName(kind, name)));
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND" ? "it has no main file" : messageOf(error);
    throw new NbdError(codeOf(error), `cannot open ${kind} '${name}': ${found}: ${reason}`, { cause: error });
  }
  if (module.startsWith(realpathSync(found) + sep)) return module;
  throw new NbdError("EINVAL", `cannot open ${kind} '${name}': ${found}: its main file is not in it`);
}
