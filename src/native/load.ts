import { NbdError } from "../core/errors.ts";
import { openAddon } from "../installation/package.ts";
import type { NativeBinding } from "./binding.ts";

let loaded: NativeBinding | undefined;

/**
 * The addon: the prebuilt one for this system, else what `npm run build:native` made.
 * Loaded when first needed, because `--version` and the client need none of it.
 */
export function native(): NativeBinding {
  loaded ??= open();
  return loaded;
}

function open(): NativeBinding {
  refuseOtherRuntimes();
  return openAddon() as NativeBinding;
}

/** Their Node-API lacks the loop of libuv (Bun 1.4), or frees twice what an addon registers for the end (Deno 2.9): they would crash. */
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
