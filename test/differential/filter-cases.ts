import type { Versions } from "./case.ts";

/** Parameters of a filter that serve the same disk in both; `file disk` is below the filter. */
export interface Use extends Versions {
  readonly args: string;
  /** Another disk than `file disk`. */
  readonly disk?: string;
  /** Kinds of requests and features that may differ; docs/filters says why. */
  readonly without?: readonly string[];
  /** Files that the server inherits as descriptors 3, 4 and so on. */
  readonly descriptors?: readonly string[];
}

// Contents of trimmed bytes are undefined. nbdkit's cache reports new data as a hole, and its cow does not zero.
const cacheDiffers = ["trim", "extents"];
const cowDiffers = ["trim", "zero"];
const absent = "/nonexistent/file";

/** Uses of each filter; together they give each parameter an accepted value. */
export const filterUses: Readonly<Record<string, readonly Use[]>> = {
  blocksize: [
    { args: "minblock=4k maxdata=8k maxlen=64k" },
    { args: "minblock=0x200 maxdata=1_k", since: "1.48" },
  ],
  "blocksize-policy": [
    {
      args:
        "blocksize-error-policy=error blocksize-minimum=512 blocksize-preferred=4k blocksize-maximum=64k " +
        "blocksize-write-disconnect=1M",
      since: "1.44",
    },
    { args: "blocksize-error-policy=strict-error blocksize-minimum=4k", since: "1.44" },
    { args: "blocksize-error-policy=allow blocksize-preferred=4k" },
  ],
  cache: [
    {
      args:
        "cache=writethrough cache-min-block-size=64k cache-max-size=2M cache-high-threshold=90 " +
        "cache-low-threshold=50 cache-on-read=true",
      without: cacheDiffers,
    },
    { args: "cache=unsafe cache-on-read=/nonexistent/file", without: cacheDiffers },
  ],
  cacheextents: [{ args: "", before: "1.46" }],
  checkwrite: [{ args: "" }],
  count: [{ args: "", since: "1.46" }],
  cow: [
    { args: "cow-block-size=4k cow-on-cache=true cow-on-read=true", without: cowDiffers },
    { args: "cow-on-read=/nonexistent/file", without: cowDiffers },
  ],
  delay: [
    {
      args:
        "rdelay=1us wdelay=1us delay-write=1us delay-zero=1us delay-trim=1us delay-extents=1us delay-cache=1us " +
        "delay-fast-zero=false delay-open=1ms delay-close=1ms",
      since: "1.42",
    },
    { args: `delay-read=0.001 delay-trigger=${absent}`, since: "1.46" },
  ],
  ddrescue: [{ args: "ddrescue-mapfile=mapfile", without: ["extents"] }],
  error: [
    { args: `error=EPERM error-rate=100% error-file=${absent}` },
    {
      args: ["pread", "pwrite", "trim", "zero", "extents", "cache"]
        .map((kind, at) => {
          const code = ["EPERM", "EIO", "ENOMEM", "EINVAL", "ENOSPC", "ESHUTDOWN"][at];
          return `error-${kind}=${code} error-${kind}-rate=${at % 2 === 0 ? "1" : "100%"} error-${kind}-file=disk`;
        })
        .join(" "),
    },
  ],
  // The same seed corrupts other bits than with nbdkit.
  evil: [
    { args: "evil=stuck-bits evil-probability=0 evil-stuck-probability=1:2 evil-seed=1", since: "1.36" },
    { args: "evil=cosmic-rays evil-probability=0%", since: "1.36" },
    { args: "evil=stuck-wires evil-probability=0", since: "1.36" },
  ],
  exitlast: [{ args: "" }],
  exitwhen: [
    { args: `exit-when-file-created=${absent} exit-when-file-deleted=disk exit-when-poll=1` },
    { args: "exit-when-process-exits=1" },
    { args: "exit-when-script=false" },
    { args: "exit-when-pipe-closed=3", descriptors: ["disk"] },
  ],
  exportname: [
    {
      args:
        "default-export=disk exportname=disk exportname=other exportname-list=explicit exportname-strict=true " +
        "exportdesc=fixed:text",
      disk: "file dir=.",
    },
    { args: "exportdesc=script:true exportname-list=keep", disk: "file disk" },
  ],
  extentlist: [{ args: "extentlist=list" }],
  fua: [
    ...["discard", "pass", "emulate", "native", "force"].map((mode) => ({ args: `fuamode=${mode}` })),
    { args: "fua-mode=force flush-on-close=true", since: "1.46" },
  ],
  ip: [{ args: "allow=anyunix deny=any" }, { args: "allow=uid:0 deny=all" }],
  limit: [{ args: "limit=3" }, { args: "limit=0" }],
  log: [{ args: "logfile=log logappend=true" }, { args: "logscript=:" }],
  map: [{ args: "map=0-65535:65536 map=65536-131071:0 map-size=500000", since: "1.46" }],
  "multi-conn": [
    ...["auto", "emulate", "disable", "plugin", "unsafe"].map((mode) => ({
      args: `multi-conn-mode=${mode}`,
    })),
    { args: "multi-conn-track-dirty=fast multi-conn-exportname=true" },
  ],
  nocache: [
    ...["none", "emulate", "nop"].map((mode) => ({ args: `cachemode=${mode}` })),
    { args: "cache-mode=nop", since: "1.46" },
  ],
  noextents: [{ args: "" }],
  nofilter: [{ args: "" }],
  noparallel: ["requests", "all-requests", "connections"].map((mode) => ({ args: `serialize=${mode}` })),
  nozero: [
    ...["none", "emulate", "notrim", "plugin"].map((mode) => ({ args: `zeromode=${mode}` })),
    ...["none", "slow", "ignore"].map((mode) => ({ args: `zeromode=notrim fastzeromode=${mode}` })),
    { args: "zero-mode=emulate fast-zero-mode=default", since: "1.46" },
  ],
  offset: [{ args: "offset=1000 range=500000" }, { args: "offset=64k" }],
  openonce: [{ args: "", since: "1.44" }],
  partition: [
    { args: "partition=1", disk: "file gpt" },
    { args: "partition=5", disk: "file mbr" },
    { args: "partition=2 partition-sectorsize=512", disk: "file gpt", since: "1.36" },
  ],
  pause: [{ args: "pause-control=control" }],
  // nbdkit crashes when a client trims or zeroes protected bytes.
  protect: ["protect=0-511 protect=100000-200000", "protect=~1000-300000"].map((args) => {
    return { args, without: ["trim", "zero"] };
  }),
  rate: [
    { args: "rate=1G connection-rate=1G burstiness=0.5" },
    { args: `rate-file=${absent} connection-rate-file=${absent}` },
  ],
  readahead: [{ args: "" }],
  readonly: [
    { args: "", since: "1.38" },
    { args: `readonly-file=${absent}`, since: "1.38" },
  ],
  retry: [{ args: "retries=1 retry-delay=1 retry-exponential=no retry-readonly=yes" }, { args: "retries=0" }],
  "retry-request": [{ args: "retry-request-retries=1 retry-request-delay=1 retry-request-open=false" }],
  rotational: [
    { args: "rotational=true", since: "1.40" },
    { args: "rotational=false", since: "1.40" },
  ],
  scan: [{ args: "scan-ahead=false scan-clock=false scan-forever=false scan-size=64k" }, { args: "" }],
  spinning: [
    {
      args: "heads=2 separate-heads=true min-seek-time=1us half-seek-time=1us max-seek-time=1us",
      since: "1.40",
    },
  ],
  stats: [{ args: "statsfile=stats statsappend=true statsthreshold=50" }],
  swab: ["16", "32", "64"].map((bits) => ({ args: `swab-bits=${bits}` })),
  tar: [
    { args: "tar-entry=disk", disk: "file packed" },
    { args: "tar-entry=disk tar-limit=1M tar=tar", disk: "file packed", since: "1.36" },
  ],
  "time-limit": [{ args: "time-limit=60", since: "1.42" }],
  "tls-fallback": [{ args: "" }, { args: "tlsreadme=hello" }],
  xor: [
    { args: "xor=0x1234 xorlen=2", without: ["extents"], since: "1.48" },
    { args: "xor=rand:7", without: ["extents"], since: "1.48" },
  ],
  truncate: [
    { args: "truncate=600001 round-up=512" },
    { args: "truncate=600001 round-down=4096" },
    { args: "truncate=2M" },
  ],
};
