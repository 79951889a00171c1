import { defineFilter, type Filter } from "../contract/filter.ts";
import type { BlockSize, Handle, HandleChanges } from "../contract/handle.ts";
import { choice, type Parameter } from "../contract/parameter.ts";
import type { Client } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { formatSize, parseSize } from "../core/size.ts";
import { applyChanges } from "../kit/apply-changes.ts";

interface State {
  readonly "blocksize-error-policy": "allow" | "error" | "strict-error";
  readonly "blocksize-minimum": number | undefined;
  readonly "blocksize-preferred": number | undefined;
  readonly "blocksize-maximum": number | undefined;
  readonly "blocksize-write-disconnect": number | undefined;
}

/** The maximum that means "no limit"; the only one that need not be a multiple of the minimum. */
const unlimited = 0xffff_ffff;

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
    "blocksize-minimum": bytes({
      max: 64 * 1024,
      powerOfTwo: true,
      accepts: "0 for the default",
      defaultText: "that of the disk",
      help: "Minimum block size to advertise",
    }),
    "blocksize-preferred": bytes({
      min: 512,
      max: 32 * 1024 * 1024,
      powerOfTwo: true,
      accepts: "0 for the default",
      defaultText: "that of the disk",
      help: "Preferred block size to advertise",
    }),
    "blocksize-maximum": bytes({
      max: unlimited,
      accepts: "a multiple of blocksize-minimum, 0 for the default",
      defaultText: "that of the disk",
      help: "Maximum size of a read or write",
    }),
    "blocksize-write-disconnect": bytes({
      max: unlimited,
      accepts: "larger than blocksize-minimum, 0 for never",
      defaultText: "never",
      help: "Disconnect a client that sends a larger write",
    }),
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

/** Declares a block size with the limits of doc/proto.md, "Block size constraints". 0 counts as not set. */
function bytes(
  declared: Omit<Parameter<number>, "parse" | "placeholder"> & { max: number },
): Parameter<number> {
  const { min = 1, max, powerOfTwo = false } = declared;
  const parse = (text: string, key: string): number => {
    const size = parseSize(text);
    if (size > unlimited) throw wrong(`${key}: could not parse ${text}: use at most ${unlimited}`);
    if (size === 0n) return 0;
    if (powerOfTwo && !isPowerOfTwo(Number(size))) throw wrong(`${key} must be a power of 2`);
    if (size >= min && size <= max) return Number(size);
    const allowed =
      declared.min === undefined ? `<= ${shown(max)}` : `between ${shown(min)} and ${shown(max)}`;
    throw wrong(`${key} must be ${allowed}`);
  };
  const format = (size: number): string => shown(size);
  return { ...declared, parse, placeholder: "SIZE", unit: "bytes", format };
}

function shown(bytes: number | bigint): string {
  return formatSize(BigInt(bytes));
}

/** A size of 0 counts as not set. */
function checkValues(values: State): void {
  const minimum = values["blocksize-minimum"] || undefined;
  const preferred = values["blocksize-preferred"] || undefined;
  const maximum = values["blocksize-maximum"] || undefined;
  const disconnect = values["blocksize-write-disconnect"] || undefined;
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
