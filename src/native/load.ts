import { openAddon } from "../installation/package.ts";
import type { NativeBinding } from "./binding.ts";

let loaded: NativeBinding | undefined;

/**
 * The addon: the prebuilt one for this system, else what `npm run build:native` made.
 * Loaded when first needed, because `--version` and the client need none of it.
 */
export function native(): NativeBinding {
  loaded ??= openAddon() as NativeBinding;
  return loaded;
}
