import type { Handle } from "../contract/handle.ts";
import type { Progress } from "../core/progress.ts";
import { applyChanges } from "../kit/apply-changes.ts";

const calls = ["read", "write", "flush", "trim", "zero", "cache", "extents", "close"] as const;

/**
 * Returns the handle with a progress report before each call, for the filter above. A filter may make many
 * calls for one request, and each new call shows that the previous one is done. The fast path and worker
 * threads bypass the report.
 */
export function reportProgress(handle: Handle, progress: Progress): Handle {
  const plain = applyChanges(handle, {});
  const counting = calls.map((name) => {
    const call = plain[name] as ((...args: unknown[]) => unknown) | undefined;
    const count = (...args: unknown[]): unknown => {
      progress.made();
      return call!(...args);
    };
    return [name, call && count] as const;
  });
  return { ...plain, ...Object.fromEntries(counting) };
}
