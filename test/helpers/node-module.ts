import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** Returns the URL of a file of a module of npm, also of those in $NODE_PATH; undefined when it is not installed. */
export function nodeModule(specifier: string): string | undefined {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(specifier)).href;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
