import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import type { OpenRequest, ThreadModel } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { sharedAbort } from "../served/shared-abort.ts";

interface State {
  /** What is open, by what was asked for. */
  readonly handles: Map<string, Promise<Handle>>;
  /** They outlive the clients that asked for them first. */
  readonly end: AbortController;
}

/** All clients of an export share one handle, which stays open to the end: nbdkit-openonce-filter(1). */
const openonce: Filter = defineFilter({
  name: "openonce",
  longname: "nbdkit openonce filter",
  // What bears one request of a handle at a time gets those of all clients on the same handle.
  threadModel: (_state, below): ThreadModel =>
    below === "serialize_requests" ? "serialize_all_requests" : "parallel",
  configComplete: (): State => ({ handles: new Map(), end: sharedAbort() }),
  async openNext(next, { handles, end }, request) {
    const key = keyOf(request);
    const known = handles.get(key);
    const handle = known ?? opened(next({ ...request, signal: end.signal, disconnect: () => {} }));
    if (known === undefined) {
      handles.set(key, handle);
      // The next client may be luckier.
      handle.catch(() => handles.delete(key));
    }
    return applyChanges(await handle, { close: undefined });
  },
  async cleanup({ handles, end }) {
    for (const opened of await Promise.allSettled(handles.values())) {
      if (opened.status === "fulfilled") await opened.value.close?.();
    }
    end.abort();
  },
});
export default openonce;

function keyOf({ readOnly, tls, exportName }: OpenRequest): string {
  return JSON.stringify([readOnly, tls, exportName]);
}

async function opened(handle: MaybePromise<Handle>): Promise<Handle> {
  return handle;
}
