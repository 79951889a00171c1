import { existsSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { failOnDeadlock } from "../chain/fail-on-deadlock.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { importModule } from "../installation/package.ts";
import { offerOwnPackage } from "./own-package.ts";
import { placeOf } from "./syntax-error.ts";

/** File name extensions of modules. Newer versions of Node run TypeScript as well. */
export const moduleExtensions: readonly string[] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/**
 * Imports a module and returns its default export.
 *
 * @throws what the module throws
 */
export async function importDefinition(path: string): Promise<unknown> {
  const { default: exported } = await failOnDeadlock("it", importFile(path));
  // Compilers turn `export default` into a member `default` of a CommonJS module.
  return (exported as { readonly default?: unknown } | undefined)?.default ?? exported;
}

async function importFile(path: string): Promise<{ readonly default?: unknown }> {
  offerOwnPackage(path);
  const { href } = pathToFileURL(path);
  try {
    return (await importModule(href)) as { readonly default?: unknown };
  } catch (error) {
    const place = await placeOf(error, href);
    if (place !== undefined)
      throw new NbdError("EINVAL", `${place}: SyntaxError: ${messageOf(error)}`, { cause: error });
    if (!existsSync(path)) throw new NbdError("ENOENT", "no such file", { cause: error, retold: true });
    if ((error as NodeJS.ErrnoException | null)?.code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    throw new NbdError(
      "ENOTSUP",
      `Node.js ${process.versions.node} does not run ${extname(path)} files: use Node.js 22.18 or newer, or compile to JavaScript`,
      { cause: error, retold: true },
    );
  }
}
