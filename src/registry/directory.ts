import { join } from "node:path";
import { packageRoot } from "../core/package-root.ts";
import type { Kind } from "./shape.ts";

/**
 * The `plugindir` or `filterdir` of --dump-config. The folder holds the plugins or filters of this package;
 * users may add modules that are not in an npm package.
 */
export function directoryOf(kind: Kind): string {
  return join(packageRoot(), "dist", `${kind}s`);
}
