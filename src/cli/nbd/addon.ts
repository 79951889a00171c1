import type { NativeBinding } from "../../native/binding.ts";
import { native } from "../../native/load.ts";

let loaded: NativeBinding | undefined | "none";

/**
 * Returns the addon, or undefined when it cannot be loaded: then nbd copy finds holes of files by reading
 * them.
 */
export function addon(): NativeBinding | undefined {
  if (loaded === undefined) {
    try {
      loaded = native();
    } catch {
      loaded = "none";
    }
  }
  return loaded === "none" ? undefined : loaded;
}
