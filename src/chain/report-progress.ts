import type { Handle } from "../contract/handle.ts";
import type { Progress } from "../core/progress.ts";
import { applyChanges } from "../kit/apply-changes.ts";

/**
 * Returns the handle with a progress report before each call, for the filter above. A filter may make many
 * calls for one request, and each new call shows that the previous one is done. The fast path and worker
 * threads bypass the report.
 */
export function reportProgress(handle: Handle, progress: Progress): Handle {
  const plain = applyChanges(handle, {});
  const { read, write, flush, trim, zero, cache, extents, close } = plain;
  const counted = <Args extends unknown[], Result>(call: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      progress.made();
      return call(...args);
    };
  };
  return {
    ...plain,
    read: counted(read),
    ...(write && { write: counted(write) }),
    ...(flush && { flush: counted(flush) }),
    ...(trim && { trim: counted(trim) }),
    ...(zero && { zero: counted(zero) }),
    ...(cache && { cache: counted(cache) }),
    ...(extents && { extents: counted(extents) }),
    ...(close && { close: counted(close) }),
  };
}
