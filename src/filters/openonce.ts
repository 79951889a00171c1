import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import type { OpenRequest, ThreadModel } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { sharedAbort } from "../served/shared-abort.ts";

interface State {
  /** The open handles, by the result of keyOf. */
  readonly handles: Map<string, Promise<Handle>>;
  /** Aborted at server exit: a handle outlives the client that opened it first. */
  readonly end: AbortController;
}

/**
 * All clients of an export share one handle, which stays open until the server exits:
 * nbdkit-openonce-filter(1).
 */
const openonce: Filter = defineFilter({
  name: "openonce",
  longname: "nbdkit openonce filter",
  // All clients share a handle, so a plugin that serves one request per handle gets one request at a time in
  // total.
  threadModel: (_state, below): ThreadModel =>
    below === "serialize_requests" ? "serialize_all_requests" : "parallel",
  configComplete: (): State => ({ handles: new Map(), end: sharedAbort() }),
  async openNext(next, { handles, end }, request) {
    const key = keyOf(request);
    const known = handles.get(key);
    const handle = known ?? opened(next({ ...request, signal: end.signal, disconnect: () => {} }));
    if (known === undefined) {
      handles.set(key, handle);
      // Forget a failed open, so that the next client tries again.
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
