import { join } from "node:path";
import { packageRoot } from "../core/package-root.ts";
import type { Kind } from "./shape.ts";

/** `plugindir` and `filterdir` of --dump-config: where ours are, and where others may be added that are no packages. */
export function directoryOf(kind: Kind): string {
  return join(packageRoot(), "dist", `${kind}s`);
}
