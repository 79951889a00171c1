import * as zlib from "node:zlib";
import type { Case } from "./case.ts";
import { oracle } from "./oracle.ts";
import type { Served } from "./uses.ts";

/** Disks in memory. Not all of their extents are comparable. */
export const images: readonly (readonly string[])[] = [
  ["memory", "100000"],
  ["data", "raw=some text"],
  ["data", "base64=aGVsbG8gbmJka2l0IHVzZXI="],
  ["data", "base64=MTIz", "size=1M"],
  ["data", "raw=123", "size=2"],
  ["data", "0 1 2 3 @0x1fe 0x55 0xaa"],
  ["data", "0 1 2 3 @^0x200 @-2 le16:0xaa55"],
  ["data", " ( 0x55 0xAA )*2048 "],
  ["data", ' ( "Hello" )*2000 ', "size=8192"],
  ["data", "@0x1be 0 0 2 0 0x83 0x20 0x20 0 le32:1 le32:0x7ff @0x1fe 0x55 0xaa", "size=1M"],
  ["data", " <one @^512 <two @^512 <one @^512 "],
  ["data", " </dev/zero[:512]*16 1 "],
  ["data", "<two[4000:]*100 @200000 <two[:7]"],
  ["data", ' <( i=0; while :; do printf "%04d" $i; i=$((i+1)); done )[:32768] '],
  ["data", "<(printf abc)*1000 <(cat one) # done"],
  ["data", " ( 0x55 0xAA ) -> \\boot-signature ( @0x1fe \\boot-signature ) -> \\sector \\sector \\sector "],
  ["data", "$pattern*16 $pattern", "pattern=0x55 ( 0xAA )*2"],
  ["data", "1 @100000 2 @50000 3*40000 @60000 (0*1000)"],
  ["data", "1*100000 @0 0*70000"],
  ["data", "(@40000 1)*20"],
  ["data", 'be64:0x0102030405060708 le64:1 be16:65535 "\\x00\\xff\\n"'],
  ["data", "1 -> \\a ( \\a 2 -> \\a \\a ) \\a (1 2 3)[1:]*3 (1 2 3)[:0]"],
];

const served = (...args: string[]): Served => ({ args });
const since = (version: string, ...args: string[]): Served => ({ args, since: version });

/** A script for eval, or none. */
const methods = (...scripts: string[]): Served =>
  served("eval", "get_size=echo 1M", "pread=head -c $3 disk", ...scripts);

// Disks in memory have smaller pages here, so extents, block sizes and fast zeroes differ.
const inMemory = (...args: string[]): Served => ({
  args,
  without: ["extents", "can_fast_zero", "block sizes"],
});

// Our file announces fast zeroes, and the holes of a file are whole blocks of its file system.
const inFile = (use: Served): Served => ({ ...use, without: ["can_fast_zero"] });

// nbdkit returns other bytes for reads that do not begin at a block, and announces a larger maximum than it accepts.
const sparse = (...args: string[]): Served => {
  return { args: ["sparse-random", ...args], without: ["read", "block sizes"] };
};

// With this allocator our disks do not trim.
const withoutTrim = ({ without = [], ...use }: Served): Served => ({ ...use, without: [...without, "trim"] });

/** Node.js has zstd since 22.15. */
const isZstdInNode = "zstdCompressSync" in zlib;

// Our split also flushes. nbdkit writes to wrong places of the second file, so it is compared read-only. Before 1.48 it
// may wait for ever in a request that crosses files.
const split = (...args: string[]): Served => ({
  args: ["-r", "split", ...args],
  since: "1.48",
  without: ["flush", "multi_conn"],
});

/** Uses of each plugin; together they give each parameter an accepted value. */
export const pluginUses: readonly Served[] = [
  served("null", "70000"),
  served("null", "size=1M"),
  served("null"),
  served("zero"),
  served("full", "70000"),
  served("full", "size=1M"),
  since("1.36", "ones", "70000"),
  since("1.36", "ones", "size=1M", "byte=0x55"),
  served("-r", "pattern", "1"),
  served("-r", "pattern", "100003"),
  // Since 1.46 a write checks that the bytes are those of the pattern.
  since("1.46", "pattern", "size=1M"),
  since("1.46", "pattern", "100003", "stride=512", "upper=7"),
  since("1.46", "pattern", "1M", "stride=4k", "upper=0xffff"),
  since("1.46", "random", "1M", "seed=1", "fast=true"),
  { ...sparse("1M", "seed=7", "blocksize=512", "percent=50", "runlength=10000"), since: "1.48" },
  served("random", "1", "seed=0"),
  served("random", "100003", "seed=1"),
  served("random", "size=1M", "seed=0xffffffff"),
  sparse("1M", "seed=1", "percent=50", "runlength=8192"),
  sparse("10M", "seed=2", "runlength=100000", "percent=12.5"),
  sparse("size=3M", "seed=3", "percent=30", "runlength=30000", "random-content=true"),
  sparse("1000003", "seed=4", "percent=100"),
  sparse("1000003", "seed=5", "percent=0"),
  sparse("64M", "seed=6"),
  split("one", "two", "one"),
  split("file=two", "file=three", "one"),
  { ...served("info"), export: "reflected/é" },
  { ...served("info", "mode=base64exportname"), export: "AAECAwT/" },
  { ...served("info", "exportname"), export: "" },
  inMemory("memory", "1M"),
  withoutTrim(inMemory("memory", "size=100003", "allocator=malloc,mlock=true")),
  inMemory("memory", "1M", "allocator=sparse"),
  { ...inMemory("data", "@4k 1 @1k 2"), since: "1.44" },
  { ...inMemory("data", "1 base64:MTIz 2"), since: "1.46" },
  inMemory("data", "data=1 2 @^512 $name*4", "name=0x55*4", "size=1M", "allocator=sparse"),
  withoutTrim(inMemory("data", "raw=some text", "allocator=malloc")),
  ...(isZstdInNode
    ? [inMemory("memory", "1M", "allocator=zstd"), inMemory("data", "base64=MTIz", "allocator=zstd")]
    : []),
  ...[
    served("file", "disk"),
    served("file", "file=two", "fadvise=normal", "cache=default"),
    served("file", "disk", "fadvise=random", "cache=none"),
    served("file", "disk", "fadvise=sequential"),
    since("1.46", "file", "disk", "reduce-memory-pressure=true"),
    { ...since("1.34", "file", "fd=3"), descriptors: ["disk"] },
    { ...served("file", "dir=."), export: "two" },
    { ...since("1.34", "file", "dirfd=3"), descriptors: ["."], export: "two" },
  ].map(inFile),
  inFile(served("-r", "file", "disk")),
  inFile(served("nbd", `command=${oracle}`, "arg=file", "arg=disk", "retry=1", "shared=true", "tls=off")),
  served("sh", "script"),
  served("sh", "script=script", "a=1", "bare"),
  methods(),
  methods("pwrite=cat >/dev/null"),
  methods("pwrite=cat >/dev/null", "can_write=exit 3"),
  methods("pwrite=cat >/dev/null", "zero=exit 0", "trim=exit 0", "flush=exit 0", "cache=exit 0"),
  methods("pwrite=cat >/dev/null", "can_zero=exit 0", "can_fast_zero=exit 0", "can_cache=echo EMULATE"),
  methods("extents=echo 0 32K; echo 32K 992K zero", "can_multi_conn=exit 0", "is_rotational=exit 0"),
  methods("missing=exit 2", "can_extents=exit 3", "can_flush=exit 0", "flush=exit 0"),
  methods(
    "config=test $2 = key || exit 1",
    "config_complete=exit 0",
    "thread_model=echo parallel",
    "key=value",
  ),
  methods(
    "after_fork=exit 0",
    "block_size=echo 1 4K 1M",
    "can_trim=exit 3",
    "close=exit 0",
    "default_export=echo name",
    "dump_plugin=exit 0",
    "export_description=echo text",
    "get_ready=exit 0",
    "list_exports=echo name",
    "open=echo handle",
    "preconnect=exit 0",
    "unload=exit 0",
  ),
  ...["none", "emulate", "native", "Native"].flatMap((level) =>
    ["can_flush=exit 3", "flush=exit 0"].map((flush) =>
      methods("pwrite=cat >/dev/null", `can_fua=echo ${level}`, flush),
    ),
  ),
];

/** Command lines that both refuse, with words that both error messages contain. */
export const refusals: readonly Case[] = [
  { args: ["pattern", "x"], words: ["could not parse size string", "x"] },
  { args: ["data", "1", "size=x"], words: [] },
  { args: ["data", "1", "allocator=x"], words: [] },
  { args: ["null", "size=x"] },
  { args: ["full", "size=x"] },
  { args: ["random", "size=x"] },
  { args: ["sparse-random", "size=x"] },
  { args: ["sparse-random", "1M", "seed=x"] },
  { args: ["eval", "pread=exit 0", "pread=exit 0"] },
  { args: ["sh", "nothing"], words: ["nothing: No such file or directory"] },
  { args: ["file", "disk", "cache=x"] },
  { args: ["nbd"], words: [] },
  { args: ["nbd", "uri=x:"], words: [] },
  { args: ["nbd", "hostname=localhost", "port=x"], words: [] },
  { args: ["nbd", "vsock=x"], words: [] },
  { args: ["nbd", "socket-fd=x"], words: [] },
  { args: ["nbd", "socket=s", "hostname=h"], words: [] },
  { args: ["nbd", "command=true", "socket=s"], words: [] },
  { args: ["nbd", "socket=s", "retry=x"], words: [] },
  { args: ["nbd", "socket=s", "shared=x"], words: [] },
  { args: ["nbd", "socket=s", "dynamic-export=x"], words: [] },
  { args: ["nbd", "socket=s", "dynamic-export=true", "export=x"], words: [] },
  { args: ["nbd", "socket=s", "tls=x"], words: [] },
  { args: ["nbd", "socket=s", "tls-verify=x"], words: [] },
  { args: ["pattern", "1M", "foo=1"], words: ["unknown parameter 'foo'"] },
  { args: ["random", "1M", "seed=1x"], words: ["seed: could not parse number"] },
  { args: ["random", "1M", "seed=-1"], words: ["seed: negative numbers are not allowed"] },
  { args: ["random", "1M", "seed=4294967296"], words: ["seed", "4294967296"] },
  { args: ["sparse-random", "1M", "percent=101"], words: ["cannot parse percent parameter: 101"] },
  { args: ["sparse-random", "1M", "runlength=0"], words: ["runlength parameter must be > 0"] },
  { args: ["sparse-random", "1M", "random-content=x"], words: ["could not decipher boolean (x)"] },
  { args: ["zero", "size=1"], words: [] },
  { args: ["full"], words: ["size"] },
  { args: ["info", "foo"], words: ["unknown mode: 'foo'"] },
  { args: ["split", "nothing"], words: ["realpath: nothing: No such file or directory"] },
  {
    args: ["memory", "1M", "allocator=sparse,x"],
    words: ["allocator=sparse does not take extra parameters"],
  },
  { args: ["memory", "1M", "allocator=malloc,x=1"], words: ["allocator=malloc: unknown parameter x"] },
  { args: ["memory", "1M", "allocator=malloc,mlock=x"], words: ["could not decipher boolean (x)"] },
  { args: ["data"], words: ["raw|base64|data parameter was not specified"] },
  { args: ["data", "1", "raw=2"], words: ["raw|base64|data parameter must be specified exactly once"] },
  { args: ["data", "raw=1", "x=2"], words: ["extra parameters passed and not using data='...'"] },
  { args: ["data", "base64=MTI"], words: ["base64: Base64 decoding error"] },
  { args: ["data", "(1"], words: ["unmatched '(' in data string"] },
  { args: ["data", "1)"], words: ["unmatched ')' in data string"] },
  { args: ["data", "*2"], words: ["*N must follow an expression"] },
  { args: ["data", "@1*2"], words: [] },
  { args: ["data", "1*x"], words: ["*N not numeric"] },
  { args: ["data", "[1:2]"], words: ["[N:M] must follow an expression"] },
  { args: ["data", "1[x]"], words: ["[N:M] not numeric"] },
  { args: ["data", "(1 2)[1:3]"], words: ["[N:M] does not describe a valid slice"] },
  { args: ["data", "@1 -> \\a"], words: ["-> cannot be applied to this type of expression"] },
  { args: ["data", "\\a"], words: ["\\a not defined"] },
  { args: ["data", "$nothing_of_this_name"], words: ["$nothing_of_this_name: variable not found"] },
  { args: ["data", "256"], words: ["data parameter BYTE must be in the range 0..255"] },
  { args: ["data", "@-1"], words: ["data parameter @-1 must not be larger than the current offset 0"] },
  { args: ["data", "@^0"], words: ["data parameter @^0 must be a power of 2"] },
  { args: ["data", "1 x"], words: ["data parameter: parsing error at offset 2"] },
  { args: ["data", '"abc'], words: ["unterminated string"] },
  { args: ["data", '"\\xzz"'], words: ["\\xNN must be followed by exactly two hexadecimal characters"] },
  { args: ["data", "<nothing"], words: ["nothing: No such file or directory"] },
  { args: ["data", "< one"], words: ["<FILE not a filename"] },
  { args: ["data", "<(exit 3)"], words: ["external command failed"] },
];

/** Keys of --dump-plugin that only describe how nbdkit's plugins are built. */
export const keptQuiet: RegExp = /^has_(load|unload|get_ready|config_complete|dump_plugin|close|_p\w+_v1)$/;
