import type { Case } from "./case.ts";
import { refusals as plugins } from "./plugin-cases.ts";

/** Parameters that each filter refuses, over `memory 1M` unless another disk is named. */
const byFilter: Readonly<Record<string, readonly (readonly [parameters: string, ...words: string[]])[]>> = {
  blocksize: [
    ["minblock=3", "minblock must be a power of 2"],
    ["minblock=128k", "minblock must not exceed 65536"],
    ["maxlen=0", "parameter 'maxlen' must be non-zero if specified"],
    ["minblock=4k maxdata=5k", "maxdata must be a multiple of 4096"],
  ],
  "blocksize-policy": [
    ["blocksize-minimum=3", "blocksize-minimum must be a power of 2"],
    ["blocksize-preferred=3", "blocksize-preferred must be a power of 2"],
    ["blocksize-error-policy=x"],
    ["blocksize-write-disconnect=x"],
  ],
  cache: [
    ["cache=x", "cache"],
    ["cache-min-block-size=3"],
    ["cache-max-size=1k", "cache-max-size is too small"],
    [
      "cache-max-size=1M cache-high-threshold=5",
      "cache-low-threshold must be less than cache-high-threshold",
    ],
    ["cache-max-size=1M cache-low-threshold=x"],
    ["cache-on-read=x"],
  ],
  cow: [
    ["cow-block-size=5", "cow-block-size is out of range (4096..2G) or not a power of 2"],
    ["cow-on-cache=x", "could not decipher boolean (x)"],
    ["cow-on-read=x", "could not decipher boolean (x)"],
  ],
  delay: [
    ...["rdelay", "delay-read", "wdelay", "delay-write", "delay-zero", "delay-trim"].map(
      (key) => [`${key}=x`] as const,
    ),
    ...["delay-extents", "delay-cache", "delay-open", "delay-close"].map((key) => [`${key}=x`] as const),
    ["delay-fast-zero=x", "could not decipher boolean (x)"],
  ],
  error: [
    ["error=EFOO"],
    ["error-rate=2"],
    ...["pread", "pwrite", "trim", "zero", "extents", "cache"].flatMap((kind) => [
      [`error-${kind}=EFOO`] as const,
      [`error-${kind}-rate=x`] as const,
    ]),
  ],
  exitwhen: [
    ["exit-when-pipe-closed=x"],
    [
      "exit-when-process-exits=2147483647",
      "exit-when-process-exits: /proc/2147483647/stat: No such file or directory",
    ],
    ["exit-when-process-exits=-1", "exit-when-process-exits: negative numbers are not allowed"],
    ["exit-when-poll=x", "exit-when-poll:"],
  ],
  exportname: [["exportdesc=foo"], ["exportname-list=foo"], ["exportname-strict=foo"]],
  extentlist: [
    ["", "extentlist"],
    ["extentlist=nothing", "nothing: No such file or directory"],
  ],
  fua: [["fuamode=x", "unknown fua"], ["flush-on-close=x"]],
  ip: [["allow=foo"], ["allow=a/b"], ["deny=1.2.3.4/33"], ["allow=pid:0"], ["allow=,"]],
  limit: [["limit=-1"]],
  log: [["logfile=/nonexistent/file", "/nonexistent/file"], ["logappend=perhaps"]],
  "multi-conn": [["multi-conn-mode=foo"], ["multi-conn-track-dirty=foo"], ["multi-conn-exportname=foo"]],
  nocache: [["cachemode=foo"]],
  noparallel: [["serialize=foo"]],
  nozero: [["zeromode=foo"], ["fastzeromode=foo"]],
  offset: [["offset=2M", "is larger than the real size (1048576)"], ["offset=x"], ["range=x"], ["range=2M"]],
  partition: [
    ["", "partition"],
    ["partition=1", "disk does not contain MBR or GPT partition table signature"],
    ["file gpt partition=3", "GPT partition 3 not found"],
    ["partition=1 partition-sectorsize=3"],
  ],
  pause: [["size=1M"], ["pause-control=/nonexistent/socket"]],
  protect: [["protect=9-3"], ["protect=9"]],
  rate: [["rate=0"], ["connection-rate=x"], ["burstiness=x"]],
  retry: [
    ["retries=x", "retries:"],
    ["retry-delay=0", "retry-delay cannot be 0"],
    ["retry-exponential=x", "could not decipher boolean (x)"],
    ["retry-readonly=x", "could not decipher boolean (x)"],
  ],
  "retry-request": [
    ["retry-request-delay=0", "cannot be 0"],
    ["retry-request-retries=1001", "retry-request-retries:"],
    ["retry-request-open=x", "could not decipher boolean (x)"],
  ],
  stats: [
    ["statsthreshold=50"],
    ["statsfile=/nonexistent/file"],
    ["statsfile=s statsappend=x"],
    ["statsfile=s statsthreshold=x"],
  ],
  tar: [
    ["", "you must", "tar-entry=<FILENAME>"],
    ["tar-entry=a tar-entry=b", "only one tar-entry parameter"],
    ["file disk tar-entry=a"],
    ["tar-entry=a tar-limit=x"],
  ],
  truncate: [
    ["truncate=x"],
    ["round-up=3", "the round-up parameter must be a power of 2"],
    ["round-down=0", "if set, the round-down parameter must be > 0"],
  ],
};

/** The same for filters and parameters that older versions do not have. */
const newer: readonly Case[] = [
  { args: ["--filter=delay", "memory", "1M", "delay-trigger=", "rdelay=x"], since: "1.46" },
  { args: ["--filter=exportname", "memory", "1M", "default-export=a", "exportname-strict=true"], words: [] },
  { args: ["--filter=readonly", "memory", "1M", "readonly-file=a", "readonly-file=b"], since: "1.48" },
  { args: ["--filter=time-limit", "memory", "1M", "time-limit=x"], since: "1.42" },
  {
    args: ["--filter=blocksize-policy", "memory", "1M", "blocksize-minimum=4k", "blocksize-maximum=5000"],
    words: [],
    since: "1.42",
  },
  ...["evil=x", "evil-probability=x", "evil-seed=x", "evil-stuck-probability=x"].map((parameter) => {
    return { args: ["--filter=evil", "memory", "1M", parameter], since: "1.36" };
  }),
  ...["map=x", "map-size=x"].map((parameter) => {
    return { args: ["--filter=map", "memory", "1M", parameter], since: "1.46" };
  }),
  ...["scan-ahead=x", "scan-clock=x", "scan-forever=x", "scan-size=3"].map((parameter) => {
    return { args: ["--filter=scan", "memory", "1M", parameter] };
  }),
  ...["heads=x", "separate-heads=x", "min-seek-time=x", "half-seek-time=x", "max-seek-time=x"].map(
    (parameter) => {
      return { args: ["--filter=spinning", "memory", "1M", parameter], since: "1.40" };
    },
  ),
  { args: ["--filter=swab", "memory", "1M", "swab-bits=7"] },
  { args: ["--filter=rotational", "memory", "1M", "rotational=x"], since: "1.40" },
  { args: ["--filter=xor", "memory", "1M", "xor=x", "xorlen=1"], since: "1.48" },
  { args: ["--filter=xor", "memory", "1M", "xor=1", "xorlen=9"], since: "1.48" },
  { args: ["--filter=ddrescue", "memory", "1M", "ddrescue-mapfile=nothing"] },
  { args: ["pattern", "1M", "stride=x"], since: "1.46" },
  { args: ["pattern", "1M", "upper=x"], since: "1.46" },
  { args: ["random", "1M", "fast=x"], since: "1.46" },
  { args: ["sparse-random", "1M", "blocksize=x"], since: "1.48" },
  { args: ["ones", "1M", "byte=256"], since: "1.36" },
  { args: ["ones", "size=x"], since: "1.36" },
  { args: ["file", "fd=x"], since: "1.34" },
  { args: ["file", "dirfd=x"], since: "1.34" },
  { args: ["file", "disk", "reduce-memory-pressure=x"], since: "1.46" },
];

const filters: readonly Case[] = Object.entries(byFilter).flatMap(([filter, list]) =>
  list.map(([parameters, ...words]) => {
    const rest = parameters.split(" ").filter((word) => word !== "");
    const disk = rest[0] === "file" ? [] : ["memory", "1M"];
    return { args: [`--filter=${filter}`, ...disk, ...rest], words };
  }),
);

/** Command lines that both refuse at the start, or when a client connects. */
export const refusals: readonly Case[] = [...plugins, ...filters, ...newer];
