import { existsSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { failOnDeadlock } from "../chain/fail-on-deadlock.ts";
import { messageOf, NbdError, nodeCodeOf } from "../core/errors.ts";
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
  const nested = typeof exported === "object" && exported !== null && "default" in exported;
  return nested ? (exported.default ?? exported) : exported;
}

async function importFile(path: string): Promise<{ readonly default?: unknown }> {
  offerOwnPackage(path);
  const { href } = pathToFileURL(path);
  try {
    // A module is an object with any members.
    return (await importModule(href)) as { readonly default?: unknown };
  } catch (error) {
    const place = await placeOf(error, href);
    if (place !== undefined)
      throw new NbdError("EINVAL", `${place}: SyntaxError: ${messageOf(error)}`, { cause: error });
    if (!existsSync(path)) throw new NbdError("ENOENT", "no such file", { cause: error, retold: true });
    if (nodeCodeOf(error) !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    throw new NbdError(
      "ENOTSUP",
      `Node.js ${process.versions.node} does not run ${extname(path)} files: use Node.js 22.18 or newer, or compile to JavaScript`,
      { cause: error, retold: true },
    );
  }
}
