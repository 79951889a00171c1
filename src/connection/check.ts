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

/** A request that names a range of the export. */
type Ranged = Exclude<Request, { kind: "refused" | "disconnect" | "flush" }>;

/**
 * Checks the requests of one connection against its export. A request without a fault is safe to pass to the
 * plugin. The fast path asks the same object, with numbers instead of a {@link Request}.
 */
export class RequestCheck {
  /** True when a write without FUA is allowed. */
  readonly mayWrite: boolean;
  readonly #exported: ServedExport;
  readonly #form: ReplyForm;
  readonly #unit: number;
  /** Where ranges given as numbers must end: the size, up to where numbers are exact. */
  readonly #numberEnd: number;

  constructor(exported: ServedExport, form: ReplyForm) {
    this.#exported = exported;
    this.#form = form;
    this.#unit = exported.requestUnit;
    this.#numberEnd = Math.min(Number(exported.size), Number.MAX_SAFE_INTEGER);
    this.mayWrite = this.#changeFault({ fua: false }) === undefined;
  }

  faultOf(request: Request): Fault | undefined {
    switch (request.kind) {
      case "refused":
        return request;
      case "disconnect":
        return undefined;
      case "flush":
        return this.#exported.canFlush ? undefined : { code: "EINVAL", reason: "this export cannot flush" };
      default:
        return this.#permissionFault(request) ?? this.#rangeFault(request);
    }
  }

  /**
   * Tells what is wrong with a range, as numbers or as bigints. A number that is not exact must be Infinity:
   * the range counts as past the end then.
   */
  rangeProblem(offset: number | bigint, length: number | bigint): RangeProblem | undefined {
    // doc/proto.md does not define requests of zero bytes. A read of zero bytes has no valid structured reply.
    if (length <= 0) return "empty";
    if (this.#isPastEnd(offset, length)) return "past the end";
    return this.#isWhole(offset) && this.#isWhole(length) ? undefined : "not whole";
  }

  #isPastEnd(offset: number | bigint, length: number | bigint): boolean {
    if (typeof offset === "bigint") return offset + BigInt(length) > this.#exported.size;
    return offset + Number(length) > this.#numberEnd;
  }

  #isWhole(bytes: number | bigint): boolean {
    if (this.#unit === 1) return true;
    return typeof bytes === "bigint" ? bytes % BigInt(this.#unit) === 0n : bytes % this.#unit === 0;
  }

  #permissionFault(request: Ranged): Fault | undefined {
    const { canTrim, canCache, canFastZero } = this.#exported;
    const wrong = (reason: string): Fault => ({ code: "EINVAL", reason });
    switch (request.kind) {
      case "read":
        // doc/proto.md, "NBD_CMD_FLAG_DF": the flag is valid only with structured replies, which can be
        // fragmented.
        return request.dontFragment && this.#form === "simple"
          ? wrong("flag DF without structured replies")
          : undefined;
      case "trim":
        return this.#changeFault(request) ?? (canTrim ? undefined : wrong("this export cannot trim"));
      case "zero":
        return (
          this.#changeFault(request) ??
          (request.fastZero && !canFastZero ? wrong("this export has no fast zero") : undefined)
        );
      case "write":
        return this.#changeFault(request);
      case "cache":
        return canCache ? undefined : wrong("this export cannot cache");
      default:
        return undefined;
    }
  }

  #changeFault({ fua }: { readonly fua: boolean }): Fault | undefined {
    if (!this.#exported.canWrite) return { code: "EPERM", reason: "this export is read-only" };
    return fua && !this.#exported.canFua ? { code: "EINVAL", reason: "this export has no FUA" } : undefined;
  }

  #rangeFault({ kind, offset, length }: Ranged): Fault | undefined {
    const { size } = this.#exported;
    switch (this.rangeProblem(offset, length)) {
      case undefined:
        return undefined;
      case "empty":
        return { code: "EINVAL", reason: `${kind} of no bytes` };
      case "past the end":
        return {
          code: kind === "write" || kind === "zero" ? "ENOSPC" : "EINVAL",
          reason: `${kind} of ${length} bytes at ${offset} goes past the end at ${size}`,
          crossesEnd: offset < size && this.#isWhole(offset) && this.#isWhole(size),
        };
      default: {
        const reason = `${kind} of ${length} bytes at ${offset} is not a multiple of ${this.#unit} bytes`;
        return { code: "EINVAL", reason };
      }
    }
  }
}

type RangeProblem = "empty" | "past the end" | "not whole";
