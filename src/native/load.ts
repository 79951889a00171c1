import load from "node-gyp-build";
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
  try {
    return load(packageRoot()) as NativeBinding;
  } catch (error) {
    throw new Error(
      `no prebuilt addon for ${process.platform}-${process.arch}: ` +
        `run "npm run build:native" in ${packageRoot()}, which needs a C++ compiler`,
      { cause: error },
    );
  }
}
