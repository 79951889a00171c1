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

/** A plugin or filter, and its origin. */
export interface Loaded<Definition> {
  readonly definition: Definition;
  /** The definition is part of this package. Default false. */
  readonly builtIn?: boolean;
  /** Parameters that the name implies; they are set before all others. */
  readonly implied?: readonly (readonly [key: string, text: string])[];
  /** The path of the module. Only --help, --version and --dump-plugin call it. */
  path(): string;
}

/**
 * Finds a plugin by its name on the command line. A short name is a plugin of this package, a module
 * `nbdkit-NAME-plugin.js` (or `-filter.js`) in the folder of {@link directoryOf}, or an npm package of that
 * name, in this order. A name with a dot or a slash is a path: of a JavaScript module whose default export is
 * the plugin, or of a script that the plugin `sh` runs.
 *
 * @throws NbdError with one line
 */
export async function findPlugin(name: string): Promise<Loaded<AnyPlugin>> {
  refuseEmpty("plugin", name);
  return (
    (await findBuiltIn("plugin", name, builtInPlugins)) ??
    (await findScript(name)) ??
    (await findModule("plugin", name))
  );
}

export async function findFilter(name: string): Promise<Loaded<AnyFilter>> {
  refuseEmpty("filter", name);
  return (await findBuiltIn("filter", name, builtInFilters)) ?? (await findModule("filter", name));
}

function refuseEmpty(kind: Kind, name: string): void {
  if (name !== "") return;
  throw new NbdError(
    "EINVAL",
    `${kind} name cannot be an empty string: use ${kind}s such as ${example[kind]}`,
  );
}

const example: Readonly<Record<Kind, string>> = { plugin: "memory or file", filter: "cow or offset" };

/**
 * Accepts a definition from a program.
 *
 * @throws NbdError EINVAL when the value is no plugin
 */
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
  const load = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  if (load === undefined) return undefined;
  const { default: definition } = await load();
  return { definition, builtIn: true, path: () => join(directoryOf(kind), `${name}.js`) };
}

async function findScript(name: string): Promise<Loaded<AnyPlugin> | undefined> {
  if (isShortName(name) || moduleExtensions.includes(extname(name))) return undefined;
  // Loaded only when needed, because most servers run no scripts.
  const { checkScript } = await import("./script.ts");
  const path = fullPath(name);
  checkScript(name, path);
  const sh = await findBuiltIn("plugin", "sh", builtInPlugins);
  return sh && { ...sh, implied: [["script", path]], path: () => path };
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

/** A name with a dot or a slash is a path (nbdkit(1)). */
function isShortName(name: string): boolean {
  return !/[./]/.test(name);
}

/**
 * Resolves a path. By naming a file, the user trusts the file and its owner, but not other users, who could
 * add modules that the file imports.
 */
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
