import { NbdError } from "../../core/errors.ts";
import type { Operation } from "../../kit/intercept.ts";
import type { ServedExport } from "../../served/served-export.ts";

/**
 * Checks that a reopened plugin can still serve a request: it may be smaller, or support fewer requests.
 * @throws NbdError with the missing ability
 */
export function requireAbility(operation: Operation, now: ServedExport): void {
  const { kind } = operation;
  const isChange = kind === "write" || kind === "zero" || kind === "trim";
  if (isChange && !now.canWrite) throw missing("EROFS", "write");
  if (kind === "trim" && !now.canTrim) throw missing("EROFS", "trim");
  if (kind === "flush" && !now.canFlush) throw missing("EIO", "flush");
  if (kind === "cache" && !now.canCache) throw missing("EIO", "cache");
  if (isChange && operation.flags.fua && !now.canFua) throw missing("EIO", "force to disk");
  if (kind === "zero" && operation.flags.fastZero && !now.canFastZero)
    throw missing("ENOTSUP", "zero quickly");
  if (kind === "flush" || operation.offset + BigInt(operation.length) <= now.size) return;
  throw new NbdError(isChange ? "ENOSPC" : "EIO", `the plugin's disk now has only ${now.size} bytes`);
}

function missing(code: string, ability: string): NbdError {
  return new NbdError(code, `the plugin has been opened again and cannot ${ability} any more`);
}
