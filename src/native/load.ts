import { createRequire } from "node:module";
import { packageRoot } from "../core/package-root.ts";
import type { NativeBinding } from "./binding.ts";

let loaded: NativeBinding | undefined;

/**
 * The addon: the prebuilt one for this system, else what `npm run build:native` made.
 * Loaded when first needed, because `--version` and the client need none of it.
 */
export function native(): NativeBinding {
  loaded ??= loadAddon();
  return loaded;
}

function loadAddon(): NativeBinding {
  const require = createRequire(import.meta.url);
  const load = require("node-gyp-build") as (root: string) => NativeBinding;
  try {
    return load(packageRoot());
  } catch (error) {
    throw new Error(
      `no prebuilt addon for ${process.platform}-${process.arch}: ` +
        `run "npm run build:native" in ${packageRoot()}, which needs a C++ compiler`,
      { cause: error },
    );
  }
}
