import type { Handle } from "../contract/handle.ts";
import type { Progress } from "../core/progress.ts";
import { applyChanges } from "../kit/apply-changes.ts";

const calls = ["read", "write", "flush", "trim", "zero", "cache", "extents", "close"] as const;

/**
 * The same handle for the filter above it, which may make many calls for one of its own: each begins when the one before it
 * has got somewhere. The fast ways and other threads go past.
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
