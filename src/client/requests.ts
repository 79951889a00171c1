import { NbdError } from "../core/errors.ts";
import type { ClientAgreement } from "../protocol/client/handshake.ts";
import { Command, CommandFlag } from "../protocol/constants.ts";
import { type Capabilities, capabilitiesOf } from "./capabilities.ts";
import type { Submission } from "./engine.ts";
import type { ZeroOptions } from "./options.ts";
import { payloadMax, shortRangeMax } from "./split.ts";

type RangeCommand = "read" | "write" | "trim" | "zero" | "cache" | "block status";

/**
 * Builds the requests of one connection, and checks them before they are sent: the range must lie in the
 * export and consist of whole blocks, and the server must have offered the command and its flags.
 */
export class Requests {
  readonly capabilities: Capabilities;
  readonly payloadMax: number;
  /** The longest range of a request without payload, in bytes. */
  readonly rangeMax: bigint;
  readonly #size: bigint;
  readonly #minimum: bigint;
  readonly #contextIds: readonly number[];
  readonly #extended: boolean;

  constructor({ info, replyForm, contexts }: ClientAgreement) {
    this.capabilities = capabilitiesOf(info.flags);
    this.payloadMax = payloadMax(info.blockSize);
    this.#extended = replyForm === "extended";
    this.rangeMax = this.#extended ? info.size : shortRangeMax;
    this.#size = info.size;
    this.#minimum = BigInt(info.blockSize?.minimum ?? 1);
    this.#contextIds = contexts.map(({ id }) => id);
  }

  /**
   * Checks the whole range of a call, before the range is split.
   * @throws NbdError EINVAL, EPERM or ENOTSUP
   */
  check(command: RangeCommand, offset: bigint, length: bigint): void {
    const what = describe(command, offset, length);
    if (offset < 0n || length < 0n)
      throw new NbdError("EINVAL", `${what}: the offset and the length must not be negative`);
    if (offset + length > this.#size) {
      throw new NbdError("EINVAL", `${what}: the export has only ${this.#size} bytes`);
    }
    if (offset % this.#minimum !== 0n || length % this.#minimum !== 0n) {
      throw new NbdError("EINVAL", `${what}: the server takes only whole blocks of ${this.#minimum} bytes`);
    }
    const { readOnly, canTrim, canZero, canCache } = this.capabilities;
    if (readOnly && (command === "write" || command === "trim" || command === "zero")) {
      throw new NbdError("EPERM", `${what}: the export is read-only`);
    }
    if (command === "trim") requireOffer(canTrim, what);
    if (command === "zero") requireOffer(canZero, what);
    if (command === "cache") requireOffer(canCache, what);
    if (command === "block status") requireOffer(this.#contextIds.length > 0, what);
  }

  /** @throws NbdError ENOTSUP for flags that the server did not offer */
  writeFlags({ fua, noHole, fastZero }: ZeroOptions): number {
    const { canFua, canFastZero } = this.capabilities;
    if (fua) requireOffer(canFua, "FUA");
    if (fastZero) requireOffer(canFastZero, "fast zeroing");
    return (
      (fua ? CommandFlag.fua : 0) | (noHole ? CommandFlag.noHole : 0) | (fastZero ? CommandFlag.fastZero : 0)
    );
  }

  read(offset: bigint, into: Buffer, dontFragment: boolean): Submission {
    if (dontFragment) requireOffer(this.capabilities.canDontFragment, "reading without fragments");
    const { length } = into;
    return {
      command: Command.read,
      flags: dontFragment ? CommandFlag.dontFragment : 0,
      offset,
      length: BigInt(length),
      awaited: { kind: "read", offset, length, into, dontFragment },
      what: describe("read", offset, BigInt(length)),
    };
  }

  write(offset: bigint, payload: Buffer, flags: number): Submission {
    const length = BigInt(payload.length);
    return {
      command: Command.write,
      // doc/proto.md, extended headers: a request with payload must set NBD_CMD_FLAG_PAYLOAD_LEN.
      flags: flags | (this.#extended ? CommandFlag.payloadLength : 0),
      offset,
      length,
      payload,
      awaited: { kind: "plain", offset },
      what: describe("write", offset, length),
    };
  }

  /** Builds a request for a range without payload. */
  range(command: "trim" | "zero" | "cache", offset: bigint, length: bigint, flags: number): Submission {
    return {
      command: { trim: Command.trim, zero: Command.writeZeroes, cache: Command.cache }[command],
      flags,
      offset,
      length,
      awaited: { kind: "plain", offset },
      what: describe(command, offset, length),
    };
  }

  flush(): Submission {
    requireOffer(this.capabilities.canFlush, "flush");
    const awaited = { kind: "plain", offset: 0n } as const;
    return { command: Command.flush, flags: 0, offset: 0n, length: 0n, awaited, what: "flush" };
  }

  /** @param contextIds report only these contexts; ignored when the server cannot select contexts */
  blockStatus(offset: bigint, asked: bigint, requestOne: boolean, contextIds: readonly number[]): Submission {
    const length = asked < this.rangeMax ? asked : this.rangeMax;
    const some = this.capabilities.canStatusPayload && contextIds.length < this.#contextIds.length;
    const payload = some ? statusPayload(length, contextIds) : undefined;
    return {
      command: Command.blockStatus,
      flags: (requestOne ? CommandFlag.requestOne : 0) | (some ? CommandFlag.payloadLength : 0),
      offset,
      length: payload === undefined ? length : BigInt(payload.length),
      ...(payload && { payload }),
      awaited: {
        kind: "status",
        offset,
        length,
        requestOne,
        contextIds: some ? contextIds : this.#contextIds,
        exportSize: this.#size,
      },
      what: describe("block status", offset, length),
    };
  }
}

function describe(command: RangeCommand, offset: bigint, length: bigint): string {
  return `${command} of ${length} bytes at ${offset}`;
}

function requireOffer(offered: boolean, what: string): void {
  if (!offered) throw new NbdError("ENOTSUP", `${what}: the server does not offer it`);
}

/** The payload of NBD_CMD_BLOCK_STATUS that selects contexts (doc/proto.md, extended headers). */
function statusPayload(length: bigint, contextIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 + 4 * contextIds.length);
  let at = bytes.writeBigUInt64BE(length, 0);
  for (const id of contextIds) at = bytes.writeUInt32BE(id, at);
  return bytes;
}
