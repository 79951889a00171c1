import { messageOf } from "../../../core/errors.ts";
import { formatSize, parseSize } from "../../../core/size.ts";
import { parseInteger } from "../../../core/values.ts";
import { type OptionTable, type ParsedOptions, UsageError } from "../parse-options.ts";

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

export const requestBytesDefault: number = 256 * 1024;

const ignored = { help: "Accepted, without effect" } as const;

const table = {
  allocated: { kind: "flag", help: "No holes in the destination" },
  connections: {
    kind: "value",
    short: "C",
    value: "N",
    default: 4,
    min: 1,
    max: 65_535,
    help: "At most N connections, if the server supports multi-conn",
  },
  "destination-is-zero": { kind: "flag", help: "The destination reads as zeroes already" },
  "target-is-zero": { kind: "flag", help: "The same as --destination-is-zero" },
  flush: {
    kind: "flag",
    help: "At the end, wait until all data is on permanent storage; without this option, data may still be in the memory of the server or the system",
  },
  "no-extents": { kind: "flag", help: "Do not query holes, read everything" },
  progress: {
    kind: "optional",
    short: "p",
    value: "FD",
    min: 0,
    max: 65_535,
    defaultText: "a bar on a terminal, else nothing",
    help: "A progress bar, or lines such as 42/100 on descriptor FD",
  },
  "queue-size": {
    kind: "value",
    value: "SIZE",
    default: 16n * 1024n * 1024n,
    format: formatSize,
    unit: "bytes",
    help: "Bytes in flight on each connection",
  },
  "request-size": {
    kind: "value",
    value: "SIZE",
    default: BigInt(requestBytesDefault),
    format: formatSize,
    unit: "bytes",
    min: 4096n,
    max: 32n * 1024n * 1024n,
    powerOfTwo: true,
    help: "Bytes in each request",
  },
  requests: {
    kind: "value",
    short: "R",
    value: "N",
    default: 64,
    min: 1,
    max: 65_535,
    help: "Requests in flight on each connection",
  },
  sparse: {
    kind: "value",
    short: "S",
    value: "SIZE",
    defaultText: "4K, or the destination's preferred block if larger; at most the request size",
    unit: "bytes",
    min: 512n,
    powerOfTwo: true,
    accepts: "0 for never",
    help: "Zeroes of this length become holes",
  },
  synchronous: { kind: "flag", help: "One request after the other" },
  threads: { kind: "value", short: "T", value: "N", defaultText: "none", ...ignored },
  verbose: { kind: "flag", short: "v", ...ignored },
} as const satisfies OptionTable;

/** The options of `nbd copy`. */
export const copyTable: OptionTable = table;

/** @throws UsageError */
export function readCopyOptions(options: ParsedOptions["options"], terminal: boolean): CopyOptions {
  const synchronous = options.has("synchronous");
  return {
    allocated: options.has("allocated"),
    connections: synchronous ? 1 : count(options, "connections"),
    destinationIsZero: options.has("destination-is-zero") || options.has("target-is-zero"),
    flush: options.has("flush"),
    extents: !options.has("no-extents"),
    progress: readProgress(options.get("progress"), terminal),
    queueBytes: Number(size(options, "queue-size") ?? table["queue-size"].default),
    requestBytes: readRequestSize(options),
    requests: synchronous ? 1 : count(options, "requests"),
    sparse: readSparse(options),
  };
}

function readProgress(value: string | undefined, terminal: boolean): CopyOptions["progress"] {
  if (value === undefined) return terminal ? "bar" : undefined;
  return value === ""
    ? "bar"
    : usage(() => parseInteger("--progress", value, table.progress.min, table.progress.max));
}

function readRequestSize(options: ParsedOptions["options"]): number {
  const { default: otherwise, min, max } = table["request-size"];
  const bytes = size(options, "request-size") ?? otherwise;
  if (isPowerOfTwo(bytes) && bytes >= min && bytes <= max) return Number(bytes);
  throw new UsageError(`--request-size: must be a power of 2 from ${min} to ${max}`);
}

function readSparse(options: ParsedOptions["options"]): number | undefined {
  const { min } = table.sparse;
  const bytes = size(options, "sparse");
  if (bytes === undefined) return undefined;
  if (bytes === 0n || (isPowerOfTwo(bytes) && bytes >= min)) return Number(bytes);
  throw new UsageError(`--sparse: must be 0 or a power of 2 from ${min} up`);
}

function isPowerOfTwo(bytes: bigint): boolean {
  return bytes > 0n && (bytes & (bytes - 1n)) === 0n;
}

function count(options: ParsedOptions["options"], name: "connections" | "requests"): number {
  const { default: otherwise, min, max } = table[name];
  const text = options.get(name);
  return text === undefined ? otherwise : usage(() => parseInteger(`--${name}`, text, min, max));
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
