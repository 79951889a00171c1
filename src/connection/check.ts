import type { ReplyForm } from "../protocol/chunk.ts";
import type { Request } from "../protocol/request.ts";
import type { ServedExport } from "../served/served-export.ts";

/** The error that a request is answered with. */
export interface Fault {
  readonly code: string;
  readonly reason: string;
  /**
   * True when the request begins inside the export and ends after it, and the part inside is whole blocks.
   */
  readonly crossesEnd?: boolean;
}

/** Checks a request against the export. A request without a fault is safe to pass to the plugin. */
export function faultOf(request: Request, exported: ServedExport, replyForm: ReplyForm): Fault | undefined {
  switch (request.kind) {
    case "refused":
      return request;
    case "read":
      // doc/proto.md, "NBD_CMD_FLAG_DF": the flag is valid only with structured replies, which can be
      // fragmented.
      if (request.dontFragment && replyForm === "simple")
        return { code: "EINVAL", reason: "flag DF without structured replies" };
      return rangeFault(request, exported);
    case "disconnect":
      return undefined;
    case "flush":
      return exported.canFlush ? undefined : { code: "EINVAL", reason: "this export cannot flush" };
    default:
      return permissionFault(request, exported) ?? rangeFault(request, exported);
  }
}

type Ranged = Exclude<Request, { kind: "refused" | "disconnect" | "flush" }>;

function permissionFault(request: Ranged, exported: ServedExport): Fault | undefined {
  const changing = request.kind === "write" || request.kind === "trim" || request.kind === "zero";
  if (changing && !exported.canWrite) return { code: "EPERM", reason: "this export is read-only" };
  if (changing && request.fua && !exported.canFua)
    return { code: "EINVAL", reason: "this export has no FUA" };
  if (request.kind === "trim" && !exported.canTrim)
    return { code: "EINVAL", reason: "this export cannot trim" };
  if (request.kind === "cache" && !exported.canCache)
    return { code: "EINVAL", reason: "this export cannot cache" };
  if (request.kind === "zero" && request.fastZero && !exported.canFastZero) {
    return { code: "EINVAL", reason: "this export has no fast zero" };
  }
  return undefined;
}

function rangeFault(request: Ranged, exported: ServedExport): Fault | undefined {
  const { kind, offset, length } = request;
  // doc/proto.md does not define requests of zero bytes. A read of zero bytes has no valid structured reply.
  if (BigInt(length) === 0n) return { code: "EINVAL", reason: `${kind} of no bytes` };
  const minimum = exported.requestUnit;
  if (offset + BigInt(length) > exported.size) {
    const code = kind === "write" || kind === "zero" ? "ENOSPC" : "EINVAL";
    const reason = `${kind} of ${length} bytes at ${offset} goes past the end at ${exported.size}`;
    const crossesEnd = offset < exported.size && isWhole(offset, minimum) && isWhole(exported.size, minimum);
    return { code, reason, crossesEnd };
  }
  if (!isWhole(offset, minimum) || !isWhole(BigInt(length), minimum)) {
    return {
      code: "EINVAL",
      reason: `${kind} of ${length} bytes at ${offset} is not a multiple of ${minimum} bytes`,
    };
  }
  return undefined;
}

function isWhole(bytes: bigint, block: number): boolean {
  return block === 1 || bytes % BigInt(block) === 0n;
}
