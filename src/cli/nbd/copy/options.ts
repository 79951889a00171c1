import { messageOf } from "../../../core/errors.ts";
import { parseSize } from "../../../core/size.ts";
import { parseInteger } from "../../../core/values.ts";
import { type OptionTable, type ParsedOptions, UsageError } from "../options.ts";

export interface CopyOptions {
  /** Write the whole destination, leave no holes. */
  readonly allocated: boolean;
  readonly connections: number;
  readonly destinationIsZero: boolean;
  readonly flush: boolean;
  readonly extents: boolean;
  /** File descriptor for lines such as "42/100", or "bar" for a progress bar on stderr. */
  readonly progress: number | "bar" | undefined;
  /** Bytes in flight on one connection. */
  readonly queueBytes: number;
  readonly requestBytes: number;
  /** Requests in flight on one connection. */
  readonly requests: number;
  /**
   * Runs of this many zero bytes become holes; 0 disables this, undefined means the destination's block size.
   */
  readonly sparse: number | undefined;
}

export const copyTable: OptionTable = {
  long: {
    allocated: "flag",
    connections: "value",
    "destination-is-zero": "flag",
    "target-is-zero": "flag",
    flush: "flag",
    "no-extents": "flag",
    progress: "optional",
    "queue-size": "value",
    "request-size": "value",
    requests: "value",
    sparse: "value",
    synchronous: "flag",
    threads: "value",
    verbose: "flag",
  },
  short: { C: "connections", R: "requests", S: "sparse", T: "threads", p: "progress", v: "verbose" },
};

export const requestBytesDefault: number = 256 * 1024;
const requestBytesLimit = 32 * 1024 * 1024;
const queueBytesDefault = 16 * 1024 * 1024;

/** @throws UsageError */
export function readCopyOptions(options: ParsedOptions["options"], terminal: boolean): CopyOptions {
  const synchronous = options.has("synchronous");
  return {
    allocated: options.has("allocated"),
    connections: synchronous ? 1 : count(options, "connections", 4),
    destinationIsZero: options.has("destination-is-zero") || options.has("target-is-zero"),
    flush: options.has("flush"),
    extents: !options.has("no-extents"),
    progress: readProgress(options.get("progress"), terminal),
    queueBytes: Number(size(options, "queue-size") ?? queueBytesDefault),
    requestBytes: readRequestSize(options),
    requests: synchronous ? 1 : count(options, "requests", 64),
    sparse: readSparse(options),
  };
}

function readProgress(value: string | undefined, terminal: boolean): CopyOptions["progress"] {
  if (value === undefined) return terminal ? "bar" : undefined;
  return value === "" ? "bar" : usage(() => parseInteger("--progress", value, 0, 65_535));
}

function readRequestSize(options: ParsedOptions["options"]): number {
  const bytes = Number(size(options, "request-size") ?? requestBytesDefault);
  if (Number.isInteger(Math.log2(bytes)) && bytes >= 4096 && bytes <= requestBytesLimit) return bytes;
  throw new UsageError(`--request-size: must be a power of 2 from 4096 to ${requestBytesLimit}`);
}

function readSparse(options: ParsedOptions["options"]): number | undefined {
  const bytes = Number(size(options, "sparse") ?? Number.NaN);
  if (Number.isNaN(bytes)) return undefined;
  if (bytes === 0 || (Number.isInteger(Math.log2(bytes)) && bytes >= 512)) return bytes;
  throw new UsageError("--sparse: must be 0 or a power of 2 from 512 up");
}

function count(options: ParsedOptions["options"], name: string, otherwise: number): number {
  const text = options.get(name);
  return text === undefined ? otherwise : usage(() => parseInteger(`--${name}`, text, 1, 65_535));
}

function size(options: ParsedOptions["options"], name: string): bigint | undefined {
  const text = options.get(name);
  return text === undefined ? undefined : usage(() => parseSize(text), `--${name}: `);
}

function usage<T>(parse: () => T, prefix = ""): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${prefix}${messageOf(error)}`, { cause: error });
  }
}
