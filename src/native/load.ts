import { NbdError } from "../core/errors.ts";
import { openAddon } from "../installation/package.ts";
import type { NativeBinding } from "./binding.ts";

let loaded: NativeBinding | undefined;

/**
 * The addon: the local build of `npm run build:native`, else the prebuilt one. It is loaded on first use,
 * because `--version` and the client do not need it.
 */
export function native(): NativeBinding {
  loaded ??= open();
  return loaded;
}

function open(): NativeBinding {
  refuseOtherRuntimes();
  // The addon comes from the same package as its description (native/addon/addon.cc).
  return openAddon() as NativeBinding;
}

/**
 * Refuses Bun 1.4, which lacks libuv's event loop, and Deno 2.9, which frees clean-up hooks twice: both would
 * crash.
 */
function refuseOtherRuntimes(): void {
  const { bun, deno } = process.versions;
  const runtime = bun === undefined ? deno && `Deno ${deno}` : `Bun ${bun}`;
  if (runtime === undefined) return;
  throw new NbdError(
    "ENOTSUP",
    `nbdkit-node cannot serve on ${runtime}, which has only a part of Node-API: use Node.js 20 or newer; ` +
      "clients (connect, listExports) work, save over vsock",
  );
}
