import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import { fullPath } from "../contract/path.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { directoryOf } from "./directory.ts";
import { builtInFilters } from "./filters.ts";
import { importDefinition, moduleExtensions } from "./module.ts";
import { packageName, packagePath } from "./package-path.ts";
import { builtInPlugins } from "./plugins.ts";
import { checkDefinition, type Kind } from "./shape.ts";
import { faultAround } from "./trust.ts";

/** A plugin or filter, and where it came from. */
export interface Loaded<Definition> {
  readonly definition: Definition;
  /** Comes with this package. Default false. */
  readonly builtIn?: boolean;
  /** Parameters that its name implies, before all others. */
  readonly implied?: readonly (readonly [key: string, text: string])[];
  /** Only questions ask for it. */
  path(): string;
}

/**
 * Finds what the command line names: a short name is one of ours, a module `nbdkit-NAME-plugin.js` (or `-filter.js`) in
 * the folder of ours, or a package of that name;
 * anything with a dot or a slash is a path, of a JavaScript module with the plugin as its default export or of a script
 * that the plugin `sh` runs.
 * @throws NbdError with one line
 */
export async function findPlugin(name: string): Promise<Loaded<AnyPlugin>> {
  return (
    (await findBuiltIn("plugin", name, builtInPlugins)) ??
    (await findScript(name)) ??
    (await findModule("plugin", name))
  );
}

export async function findFilter(name: string): Promise<Loaded<AnyFilter>> {
  return (await findBuiltIn("filter", name, builtInFilters)) ?? (await findModule("filter", name));
}

/** What a program brings along. @throws NbdError EINVAL for what is none */
export function takePlugin(definition: AnyPlugin): Loaded<AnyPlugin> {
  return { definition: checkDefinition("plugin", definition, "what was given"), path: () => "" };
}

export function takeFilter(definition: AnyFilter): Loaded<AnyFilter> {
  return { definition: checkDefinition("filter", definition, "what was given"), path: () => "" };
}

type BuiltIn<Definition> = Readonly<Record<string, () => Promise<{ readonly default: Definition }>>>;

async function findBuiltIn<Definition>(
  kind: Kind,
  name: string,
  builtIn: BuiltIn<Definition>,
): Promise<Loaded<Definition> | undefined> {
  if (!Object.hasOwn(builtIn, name)) return undefined;
  const { default: definition } = await builtIn[name]!();
  return { definition, builtIn: true, path: () => join(directoryOf(kind), `${name}.js`) };
}

async function findScript(name: string): Promise<Loaded<AnyPlugin> | undefined> {
  if (isShortName(name) || moduleExtensions.includes(extname(name))) return undefined;
  // Most servers run no scripts.
  const { checkScript } = await import("./script.ts");
  const path = fullPath(name);
  checkScript(name, path);
  const { default: sh } = await builtInPlugins.sh!();
  return { definition: sh, builtIn: true, implied: [["script", path]], path: () => path };
}

async function findModule<Definition>(kind: Kind, name: string): Promise<Loaded<Definition>> {
  const path = isShortName(name) ? (addedPath(kind, name) ?? packagePath(kind, name)) : givenPath(kind, name);
  if (path === undefined) throw notInstalled(kind, name);
  try {
    const definition = checkDefinition<Definition>(kind, await importDefinition(path), path);
    return { definition, path: () => path };
  } catch (error) {
    throw new NbdError(codeOf(error), `cannot open ${kind} '${name}': ${messageOf(error)}`, { cause: error });
  }
}

/** nbdkit(1): a name with a dot or a slash is a path. */
function isShortName(name: string): boolean {
  return !/[./]/.test(name);
}

/** Naming a file is a decision for it and its owner, but not for other users who could add to what it imports. */
function givenPath(kind: Kind, name: string): string {
  const path = fullPath(name);
  const fault = faultAround(path);
  if (fault === undefined) return path;
  throw new NbdError(
    "EPERM",
    `cannot open ${kind} '${name}': ${fault}, and what it imports would be looked up there: move ${name} to a folder of its own elsewhere`,
  );
}

function addedPath(kind: Kind, name: string): string | undefined {
  const paths = moduleExtensions.map((extension) =>
    join(directoryOf(kind), `nbdkit-${name}-${kind}${extension}`),
  );
  return paths.find((path) => existsSync(path));
}

function notInstalled(kind: Kind, name: string): NbdError {
  const known = Object.keys(kind === "plugin" ? builtInPlugins : builtInFilters).join(", ");
  return new NbdError(
    "ENOENT",
    `cannot open ${kind} '${name}': no such ${kind}: known here: ${known}; a package ${packageName(kind, name)} or a path would work too`,
  );
}
