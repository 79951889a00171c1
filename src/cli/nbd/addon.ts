import type { NativeBinding } from "../../native/binding.ts";
import { native } from "../../native/load.ts";

let loaded: NativeBinding | undefined | "none";

/** The addon, where it can be loaded: without it holes of files are found by reading them. */
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
