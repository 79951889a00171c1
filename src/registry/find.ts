import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyFilter, AnyPlugin } from "../backend/component.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";
import { builtInFilters } from "./filters.ts";
import { builtInPlugins } from "./plugins.ts";

/** A plugin or filter, and where it came from. */
export interface Loaded<Kind> {
  readonly definition: Kind;
  /** Only questions ask for it. */
  path(): string;
}

/**
 * Finds what the command line names: a short name is one of ours or a package `nbdkit-NAME-plugin` (or `-filter`);
 * anything with a dot or a slash is a path of a JavaScript module with the plugin as its default export.
 * @throws NbdError ENOENT with one line
 */
export function findPlugin(name: string): Promise<Loaded<AnyPlugin>> {
  return find("plugin", name, builtInPlugins, "open");
}

export function findFilter(name: string): Promise<Loaded<AnyFilter>> {
  return find("filter", name, builtInFilters, "name");
}

type Load<Kind> = () => Promise<{ readonly default: Kind }>;

async function find<Kind>(
  kind: "plugin" | "filter",
  name: string,
  builtIn: Readonly<Record<string, Load<Kind>>>,
  mark: string,
): Promise<Loaded<Kind>> {
  if (Object.hasOwn(builtIn, name)) {
    const { default: definition } = await builtIn[name]!();
    return { definition, path: () => join(packageRoot(), "dist", `${kind}s`, `${name}.js`) };
  }
  const path = isShortName(name) ? packagePath(kind, name, Object.keys(builtIn)) : resolve(name);
  const module = await importPath<Kind>(kind, name, path);
  if (typeof module.default === "object" && module.default !== null && mark in module.default) {
    return { definition: module.default, path: () => path };
  }
  throw new NbdError("EINVAL", `cannot open ${kind} '${name}': ${path} has no ${kind} as its default export`);
}

/** nbdkit(1): a name with a dot or a slash is a path. */
function isShortName(name: string): boolean {
  return !/[./]/.test(name);
}

function packagePath(kind: string, name: string, known: readonly string[]): string {
  const packageName = `nbdkit-${name}-${kind}`;
  for (const from of [join(process.cwd(), "package.json"), join(packageRoot(), "package.json")]) {
    try {
      return createRequire(from).resolve(packageName);
    } catch {
      // Not installed there; the next place may have it.
    }
  }
  const hint = `known here: ${known.join(", ")}; a package ${packageName} or a path would work too`;
  throw new NbdError("ENOENT", `cannot open ${kind} '${name}': no such ${kind}: ${hint}`);
}

async function importPath<Kind>(
  kind: string,
  name: string,
  path: string,
): Promise<{ readonly default: Kind }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default: Kind };
  } catch (error) {
    throw new NbdError("ENOENT", `cannot open ${kind} '${name}': ${messageOf(error)}`, { cause: error });
  }
}
