import type { builtInFilters } from "../../src/registry/filters.ts";
import type { Random } from "../../src/testing/random.ts";

/** A filter that does not change the data of a disk. */
interface Transparent {
  readonly name: keyof typeof builtInFilters & string;
  /** Optional parameters: each is absent or has one of these values. */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  /** The first version of nbdkit that has the filter, without a bug that a comparison would meet. */
  readonly since?: string;
  /** The first version of nbdkit that no longer has the filter. */
  readonly before?: string;
}

const never = ["/nonexistent/file"];
const flags = ["true", "false"];

export const transparentFilters: readonly Transparent[] = [
  { name: "blocksize", parameters: { minblock: ["512", "4k"], maxdata: ["8k", "64k"], maxlen: ["128k"] } },
  { name: "blocksize-policy", parameters: { "blocksize-preferred": ["4k", "64k"] } },
  {
    name: "cache",
    parameters: { cache: ["writeback", "writethrough", "unsafe"], "cache-on-read": flags },
  },
  { name: "cacheextents", before: "1.46" },
  { name: "count", since: "1.46" },
  { name: "cow", parameters: { "cow-block-size": ["4k", "64k"], "cow-on-cache": flags } },
  // Older filters abort with an assertion over multi-conn.
  { name: "delay", parameters: { wdelay: ["0.01ms"], "delay-open": ["0.01ms"] }, since: "1.42" },
  { name: "error", parameters: { error: ["EPERM"] } },
  {
    name: "evil",
    parameters: { evil: ["cosmic-rays", "stuck-bits"], "evil-probability": ["0"] },
    since: "1.36",
  },
  { name: "exitlast" },
  { name: "exitwhen", parameters: { "exit-when-file-created": never } },
  { name: "exportname", parameters: { exportdesc: ["fixed:disk"] } },
  { name: "fua", parameters: { fuamode: ["emulate", "native", "force", "pass", "discard"] } },
  { name: "ip", parameters: { allow: ["any"] } },
  { name: "limit", parameters: { limit: ["0", "9"] } },
  { name: "log", parameters: { logfile: ["/dev/null"] } },
  { name: "map", parameters: { "map-size": ["200000"] }, since: "1.46" },
  { name: "multi-conn", parameters: { "multi-conn-track-dirty": ["fast", "connection", "off"] } },
  { name: "nocache", parameters: { cachemode: ["none", "emulate", "nop"] } },
  { name: "noextents" },
  { name: "nofilter" },
  { name: "noparallel", parameters: { serialize: ["requests", "all-requests"] } },
  { name: "nozero", parameters: { zeromode: ["none", "emulate"], fastzeromode: ["none", "slow", "ignore"] } },
  { name: "offset", parameters: { offset: ["1000", "64k"], range: ["200000"] } },
  { name: "openonce", since: "1.44" },
  { name: "protect" },
  { name: "rate", parameters: { rate: ["1E"], "connection-rate": ["1E"] } },
  { name: "readahead" },
  { name: "readonly", parameters: { "readonly-file": never }, since: "1.38" },
  { name: "retry", parameters: { retries: ["0", "3"], "retry-readonly": ["false"] } },
  { name: "retry-request", parameters: { "retry-request-retries": ["1"] } },
  { name: "rotational", parameters: { rotational: flags }, since: "1.40" },
  { name: "scan", parameters: { "scan-size": ["4k", "64k"], "scan-ahead": flags }, since: "1.42" },
  {
    name: "spinning",
    parameters: {
      "min-seek-time": ["0"],
      "half-seek-time": ["1us"],
      "max-seek-time": ["2us"],
      heads: ["1", "3"],
    },
    since: "1.40",
  },
  { name: "stats", parameters: { statsfile: ["/dev/null"] } },
  { name: "time-limit", parameters: { "time-limit": ["1000"] }, since: "1.42" },
  { name: "truncate", parameters: { truncate: ["200000"], "round-down": ["512", "4k"] } },
  { name: "xor", parameters: { xor: ["rand", "rand:0x123456789abcdef0"] }, since: "1.48" },
];

/** Further filters, which refuse requests that are not whole words. */
export const wordFilters: readonly Transparent[] = [
  { name: "swab", parameters: { "swab-bits": ["16", "64"] } },
];

/** Required parameters. */
const required = [
  "statsfile",
  "readonly-file",
  "limit",
  "xor",
  "evil-probability",
  "min-seek-time",
  "half-seek-time",
  "max-seek-time",
];

export interface Stack {
  /** The outermost filter comes first. */
  readonly names: readonly Transparent["name"][];
  readonly parameters: Readonly<Record<string, string>>;
}

/** Three different filters with random parameters. */
export function randomStack(random: Random, from: readonly Transparent[] = transparentFilters): Stack {
  const chosen = new Set<Transparent>();
  while (chosen.size < 3) chosen.add(random.pick(from));
  const parameters: Record<string, string> = {};
  for (const { parameters: known = {} } of chosen) {
    for (const [key, values] of Object.entries(known)) {
      if (required.includes(key) || random.oneIn(2)) parameters[key] = random.pick(values);
    }
  }
  return { names: [...chosen].map(({ name }) => name), parameters };
}

/** Each parameter of a filter with its first value. */
export function firstParameters({ parameters = {} }: Transparent): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).map(([key, values]) => [key, values[0]!]));
}

/** The command line arguments. */
export function textOf({ names, parameters }: Stack): string {
  const words = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return [...names.map((name) => `--filter=${name}`), ...words].join(" ");
}
