import { defineFilter, type Filter } from "../contract/filter.ts";
import type { BlockSize, Handle, HandleChanges } from "../contract/handle.ts";
import { choice, type Parameter } from "../contract/parameter.ts";
import type { Client } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { parseSize } from "../core/size.ts";
import { applyChanges } from "../kit/apply-changes.ts";

interface State {
  readonly "blocksize-error-policy": "allow" | "error" | "strict-error";
  readonly "blocksize-minimum": number | undefined;
  readonly "blocksize-preferred": number | undefined;
  readonly "blocksize-maximum": number | undefined;
  readonly "blocksize-write-disconnect": number | undefined;
}

/**
 * Advertises block sizes to clients and rejects requests that violate them:
 * nbdkit-blocksize-policy-filter(1).
 */
const blocksizePolicy: Filter = defineFilter({
  name: "blocksize-policy",
  longname: "nbdkit blocksize policy filter",
  parameters: {
    "blocksize-error-policy": choice(["allow", "error", "strict-error"], {
      default: "allow",
      help: "Requests that violate the block size: allow them, refuse them (error), or also refuse a partial last block (strict-error)",
    }),
    "blocksize-minimum": bytes("Minimum block size to advertise. Default: that of the disk"),
    "blocksize-preferred": bytes("Preferred block size to advertise. Default: that of the disk"),
    "blocksize-maximum": bytes("Maximum size of a read or write. Default: that of the disk"),
    "blocksize-write-disconnect": bytes("Disconnect a client that sends a larger write"),
  },
  configComplete(values: State): State {
    checkValues(values);
    return values;
  },
  open(next, values: State, { disconnect }) {
    const blockSize = computed(next, values);
    return {
      ...(blockSize && { blockSize: { ...blockSize, advisory: true } }),
      ...refusing(next, blockSize, values, disconnect),
    };
  },
});
export default blocksizePolicy;

function bytes(help: string): Parameter<number> {
  return {
    help,
    placeholder: "SIZE",
    parse(text, key) {
      const size = parseSize(text);
      if (size <= 0xffff_ffffn) return Number(size);
      throw new NbdError("EINVAL", `${key}: could not parse ${text}: use at most 4294967295`);
    },
  };
}

/** doc/proto.md, "Block size constraints" */
const [minimumMax, preferredMin, preferredMax] = [65_536, 512, 32 * 1024 * 1024];
/** The maximum that means "no limit"; the only one that need not be a multiple of the minimum. */
const unlimited = 0xffff_ffff;

/** A size of 0 counts as not set. */
function checkValues(values: State): void {
  const minimum = values["blocksize-minimum"] || undefined;
  const preferred = values["blocksize-preferred"] || undefined;
  const maximum = values["blocksize-maximum"] || undefined;
  const disconnect = values["blocksize-write-disconnect"] || undefined;
  if (minimum !== undefined && !isPowerOfTwo(minimum)) throw wrong("blocksize-minimum must be a power of 2");
  if (minimum !== undefined && minimum > minimumMax) throw wrong("blocksize-minimum must be <= 64K");
  if (preferred !== undefined && !isPowerOfTwo(preferred))
    throw wrong("blocksize-preferred must be a power of 2");
  if (preferred !== undefined && (preferred < preferredMin || preferred > preferredMax))
    throw wrong("blocksize-preferred must be between 512 and 32M");
  if (minimum && maximum && maximum !== unlimited && maximum % minimum !== 0)
    throw wrong("blocksize-maximum must be -1 or a multiple of blocksize-minimum");
  if (minimum && preferred && minimum > preferred)
    throw wrong("blocksize-minimum must be <= blocksize-preferred");
  if (preferred && maximum && preferred > maximum)
    throw wrong("blocksize-preferred must be <= blocksize-maximum");
  if (minimum && disconnect && disconnect <= minimum)
    throw wrong("blocksize-write-disconnect must be larger than blocksize-minimum");
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

/** @returns undefined when neither the command line nor the disk sets a block size */
function computed({ blockSize }: Handle, values: State): BlockSize | undefined {
  const minimum = values["blocksize-minimum"] || blockSize?.minimum;
  const preferred = values["blocksize-preferred"] || blockSize?.preferred;
  const disconnect = values["blocksize-write-disconnect"];
  const maximum = values["blocksize-maximum"] || blockSize?.maximum;
  if ((minimum ?? preferred ?? maximum) === undefined) return undefined;
  const result = {
    minimum: minimum ?? 1,
    preferred: preferred ?? 4096,
    maximum: maximum ?? (disconnect ? disconnect - (disconnect % (minimum ?? 1)) : unlimited),
  };
  if (result.minimum <= result.preferred && result.preferred <= result.maximum) return result;
  throw wrong(
    `computed block size values are invalid, minimum ${result.minimum} > preferred ${result.preferred}` +
      ` or preferred > maximum ${result.maximum}: set blocksize-preferred= or blocksize-maximum= too`,
  );
}

function refusing(
  next: Handle,
  blockSize: BlockSize | undefined,
  values: State,
  disconnect: Client["disconnect"],
): HandleChanges {
  const policy = values["blocksize-error-policy"];
  const writeMax = values["blocksize-write-disconnect"] || Number.POSITIVE_INFINITY;
  if (policy === "allow" && writeMax === Number.POSITIVE_INFINITY) return {};
  const check = (kind: string, offset: bigint, length: number, data: boolean): void => {
    if (policy === "allow" || blockSize === undefined) return;
    // When the disk size is not a multiple of the minimum, the last block is partial. "error" allows access
    // to it.
    const reachesEnd = policy === "error" && offset + BigInt(length) === next.size;
    const fault = faultOf(blockSize, { offset, length, data, reachesEnd });
    if (fault !== undefined) throw wrong(`client ${kind} request rejected: ${fault}`);
  };
  const { read, write, trim, zero, cache, extents } = applyChanges(next, {});
  return {
    read(into, offset) {
      check("pread", offset, into.length, true);
      return read(into, offset);
    },
    write:
      write &&
      ((from, offset, flags) => {
        if (from.length > writeMax) {
          disconnect?.(true);
          throw new NbdError("ESHUTDOWN", "disconnecting client due to oversize write request");
        }
        check("pwrite", offset, from.length, true);
        return write(from, offset, flags);
      }),
    trim:
      trim &&
      ((offset, length, flags) => {
        check("trim", offset, length, false);
        return trim(offset, length, flags);
      }),
    zero:
      zero &&
      ((offset, length, flags) => {
        check("zero", offset, length, false);
        return zero(offset, length, flags);
      }),
    cache:
      cache &&
      ((offset, length) => {
        check("cache", offset, length, false);
        return cache(offset, length);
      }),
    extents:
      extents &&
      ((offset, length, requestOne) => {
        check("extents", offset, length, false);
        return extents(offset, length, requestOne);
      }),
  };
}

interface Asked {
  readonly offset: bigint;
  readonly length: number;
  readonly data: boolean;
  /** The request ends at the end of the disk, so its last block may be partial. */
  readonly reachesEnd: boolean;
}

function faultOf({ minimum, maximum }: BlockSize, asked: Asked): string | undefined {
  const { offset, length, data, reachesEnd } = asked;
  if (length < minimum && !reachesEnd) return `count ${length} is smaller than minimum size ${minimum}`;
  if (data && length > maximum) return `count ${length} is larger than maximum size ${maximum}`;
  if (length % minimum !== 0 && !reachesEnd)
    return `count ${length} is not a multiple of minimum size ${minimum}`;
  if (offset % BigInt(minimum) !== 0n)
    return `offset ${offset} is not aligned to a multiple of minimum size ${minimum}`;
  return undefined;
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
